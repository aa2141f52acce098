//! SGD with momentum, Adam, and the poly schedule. All state is in named tensors, changed in place, so that a checkpoint
//! holds all of it and a resumed job goes on with the same bits.

use tch::nn::VarStore;
use tch::{Tensor, no_grad};
use windlass::domain::Schedule;

use crate::checkpoint::Named;

/// What `step` of a schedule multiplies its rate with: `(1 - step / horizon) ^ power`.
pub fn poly(schedule: &Schedule, step: u64) -> f64 {
    let horizon = if schedule.horizon == 0 { schedule.steps } else { schedule.horizon };
    (1.0 - step as f64 / horizon as f64).max(0.0).powf(schedule.power)
}

/// Trained variables in order of their names.
fn trained(vs: &VarStore) -> Named {
    let mut variables: Named = vs.variables().into_iter().filter(|(_, tensor)| tensor.requires_grad()).collect();
    variables.sort_by(|a, b| a.0.cmp(&b.0));
    variables
}

/// Gradients of a loss by some variables, each of the variable's shape; none where the loss does not depend on one.
///
/// Nothing is added up anywhere, so nothing has to be cleared, and other networks on the way are left alone.
fn gradients(loss: &Tensor, by: &[Tensor]) -> Vec<Option<Tensor>> {
    Tensor::run_backward(&[loss], by, false, false).into_iter().map(|grad| grad.defined().then_some(grad)).collect()
}

/// A number beside `like`, to scale by within a fused operation.
fn scalar(value: f64, like: &Tensor) -> Tensor {
    Tensor::from(value).to_kind(like.kind()).to_device(like.device())
}

/// Stochastic gradient descent with momentum and weight decay, as PyTorch's: `v = momentum * v + g + decay * w`,
/// `w -= rate * v`. The head (all that is not below `backbone.`) learns `head_times` as fast.
pub struct Sgd {
    names: Vec<String>,
    weights: Vec<Tensor>,
    velocities: Vec<Tensor>,
    schedule: Schedule,
}

impl Sgd {
    /// Over the trained variables of `vs`.
    pub fn new(vs: &VarStore, schedule: &Schedule) -> Self {
        let (names, weights): (Vec<_>, Vec<_>) = trained(vs).into_iter().unzip();
        let velocities = weights.iter().map(|weight| weight.detach().zeros_like()).collect();
        Self { names, weights, velocities, schedule: schedule.clone() }
    }

    /// What has to be kept.
    pub fn state(&self) -> Named {
        self.names.iter().cloned().zip(self.velocities.iter().map(Tensor::shallow_clone)).collect()
    }

    /// Moves the weights against the gradient of `loss` at a step counted from 0.
    pub fn step(&mut self, loss: &Tensor, step: u64) {
        let gradients = gradients(loss, &self.weights);
        let rate = self.rate(step);
        no_grad(|| {
            let decay = scalar(self.schedule.weight_decay, loss);
            let [body, head] = [1.0, self.schedule.head_times].map(|times| scalar(-rate * times, loss));
            let variables = self.names.iter().zip(&mut self.weights).zip(&mut self.velocities);
            for (((name, weight), velocity), gradient) in variables.zip(gradients) {
                let Some(gradient) = gradient else { continue };
                let _ = velocity.g_mul_scalar_(self.schedule.momentum);
                let _ = velocity.g_add_(&gradient);
                let _ = velocity.addcmul_(weight, &decay);
                let _ = weight.addcmul_(velocity, if name.starts_with("backbone.") { &body } else { &head });
            }
        });
    }

    /// The backbone's learning rate at a step.
    pub fn rate(&self, step: u64) -> f64 {
        self.schedule.rate * poly(&self.schedule, step)
    }
}

/// Adam (Kingma and Ba 2015) as AdaptSegNet's discriminator is trained with: betas 0.9 and 0.99.
pub struct Adam {
    names: Vec<String>,
    weights: Vec<Tensor>,
    means: Vec<Tensor>,
    squares: Vec<Tensor>,
}

impl Adam {
    const BETAS: (f64, f64) = (0.9, 0.99);
    const EPS: f64 = 1e-8;

    /// Over the trained variables of `vs`.
    pub fn new(vs: &VarStore) -> Self {
        let (names, weights): (Vec<_>, Vec<_>) = trained(vs).into_iter().unzip();
        let zeros = || weights.iter().map(|weight: &Tensor| weight.detach().zeros_like()).collect();
        Self { means: zeros(), squares: zeros(), names, weights }
    }

    /// What has to be kept.
    pub fn state(&self) -> Named {
        let named = |what: &str, tensors: &[Tensor]| -> Named {
            let name = |name| format!("{what}.{name}");
            self.names.iter().map(name).zip(tensors.iter().map(Tensor::shallow_clone)).collect()
        };
        named("mean", &self.means).into_iter().chain(named("square", &self.squares)).collect()
    }

    /// Moves the weights against the gradient of `loss` at a step counted from 0.
    pub fn step(&mut self, loss: &Tensor, step: u64, rate: f64) {
        let gradients = gradients(loss, &self.weights);
        let (first, second) = Self::BETAS;
        let corrected = |beta: f64| 1.0 - beta.powf((step + 1) as f64);
        no_grad(|| {
            let moments = self.means.iter_mut().zip(&mut self.squares);
            for ((weight, (mean, square)), gradient) in self.weights.iter_mut().zip(moments).zip(gradients) {
                let Some(gradient) = gradient else { continue };
                let _ = mean.lerp_(&gradient, 1.0 - first);
                let _ = square.lerp_(&gradient.square(), 1.0 - second);
                let spread = (&*square / corrected(second)).sqrt_().g_add_scalar_(Self::EPS);
                let _ = weight.addcdiv_(&(&*mean * (-rate / corrected(first))), &spread);
            }
        });
    }
}
