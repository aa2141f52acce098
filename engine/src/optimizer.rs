//! SGD with momentum, Adam, and the poly schedule. All state is in named tensors, changed in place, so that a checkpoint
//! holds all of it and a resumed job goes on with the same bits. An optimiser binds the weights of its network together.

use tch::nn::VarStore;
use tch::{Tensor, no_grad};
use windlass::domain::Schedule;

use crate::block::{bind, gather, in_order, is_head, parts};
use crate::checkpoint::Named;

/// What `step` of a schedule multiplies its rate with: `(1 - step / horizon) ^ power`.
pub fn poly(schedule: &Schedule, step: u64) -> f64 {
    let horizon = if schedule.horizon == 0 { schedule.steps } else { schedule.horizon };
    (1.0 - step as f64 / horizon as f64).max(0.0).powf(schedule.power)
}

/// The trained variables of a network, bound together: the backbone's before the head's.
struct Trained {
    names: Vec<String>,
    weights: Vec<Tensor>,
    /// Their numbers, `[n]`.
    block: Tensor,
    /// How many of them are the backbone's.
    n_body: i64,
}

impl Trained {
    fn of(vs: &VarStore) -> Self {
        let variables: Named = in_order(vs).into_iter().filter(|(_, tensor)| tensor.requires_grad()).collect();
        let body = variables.iter().take_while(|(name, _)| !is_head(name));
        let n_body = body.map(|(_, tensor)| tensor.numel() as i64).sum();
        let (names, mut weights): (Vec<_>, Vec<_>) = variables.into_iter().unzip();
        let block = bind(&mut weights);
        Self { names, weights, block, n_body }
    }

    /// The gradient of a loss by them, `[n]`. Nothing is added up anywhere, so nothing has to be cleared, and other networks
    /// on the way are left alone.
    fn gradient(&self, loss: &Tensor) -> Tensor {
        gather(&Tensor::run_backward(&[loss], &self.weights, false, false))
    }

    /// A block like theirs by their names.
    fn named(&self, block: &Tensor) -> Named {
        self.names.iter().cloned().zip(parts(block, &self.weights)).collect()
    }
}

/// A number beside `like`, to scale by within a fused operation.
fn scalar(value: f64, like: &Tensor) -> Tensor {
    Tensor::from(value).to_kind(like.kind()).to_device(like.device())
}

/// Stochastic gradient descent with momentum and weight decay, as PyTorch's: `v = momentum * v + g + decay * w`,
/// `w -= rate * v`. The head (all that is not below `backbone.`) learns `head_times` as fast.
pub struct Sgd {
    trained: Trained,
    velocity: Tensor,
    schedule: Schedule,
}

impl Sgd {
    /// Over the trained variables of `vs`, every one of which the losses must depend on.
    pub fn new(vs: &VarStore, schedule: &Schedule) -> Self {
        let trained = Trained::of(vs);
        Self { velocity: trained.block.zeros_like(), trained, schedule: schedule.clone() }
    }

    /// What has to be kept.
    pub fn state(&self) -> Named {
        self.trained.named(&self.velocity)
    }

    /// Moves the weights against the gradient of `loss` at a step counted from 0.
    pub fn step(&mut self, loss: &Tensor, step: u64) {
        let gradient = self.trained.gradient(loss);
        let rate = self.rate(step);
        let Self { trained: Trained { block, n_body, .. }, velocity, schedule } = self;
        no_grad(|| {
            let _ = velocity.g_mul_scalar_(schedule.momentum);
            let _ = velocity.g_add_(&gradient);
            let _ = velocity.addcmul_(block, &scalar(schedule.weight_decay, loss));
            let n_head = block.size()[0] - *n_body;
            for (begin, n, times) in [(0, *n_body, 1.0), (*n_body, n_head, schedule.head_times)] {
                let moved = velocity.narrow(0, begin, n);
                let _ = block.narrow(0, begin, n).addcmul_(&moved, &scalar(-rate * times, loss));
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
    trained: Trained,
    mean: Tensor,
    square: Tensor,
}

impl Adam {
    const BETAS: (f64, f64) = (0.9, 0.99);
    const EPS: f64 = 1e-8;

    /// Over the trained variables of `vs`, every one of which the losses must depend on.
    pub fn new(vs: &VarStore) -> Self {
        let trained = Trained::of(vs);
        Self { mean: trained.block.zeros_like(), square: trained.block.zeros_like(), trained }
    }

    /// What has to be kept.
    pub fn state(&self) -> Named {
        let named = |what: &'static str, block| {
            self.trained.named(block).into_iter().map(move |(name, part)| (format!("{what}.{name}"), part))
        };
        named("mean", &self.mean).chain(named("square", &self.square)).collect()
    }

    /// Moves the weights against the gradient of `loss` at a step counted from 0.
    pub fn step(&mut self, loss: &Tensor, step: u64, rate: f64) {
        let gradient = self.trained.gradient(loss);
        let (first, second) = Self::BETAS;
        let corrected = |beta: f64| 1.0 - beta.powf((step + 1) as f64);
        let Self { trained, mean, square } = self;
        no_grad(|| {
            let _ = mean.lerp_(&gradient, 1.0 - first);
            let _ = square.lerp_(&gradient.square(), 1.0 - second);
            let spread = (&*square / corrected(second)).sqrt_().g_add_scalar_(Self::EPS);
            let _ = trained.block.addcdiv_(&(&*mean * (-rate / corrected(first))), &spread);
        });
    }
}
