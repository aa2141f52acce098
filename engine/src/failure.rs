//! Errors as sentences that say what to do.

use std::any::Any;
use std::io::ErrorKind;
use std::path::Path;

/// What a person reads when a job has failed.
pub fn sentence(error: &anyhow::Error, folder: &Path) -> String {
    let full = |error: &std::io::Error| matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded);
    if error.chain().any(|cause| cause.downcast_ref().is_some_and(full)) {
        return disk_full(folder);
    }
    plain(&format!("{error:#}"), folder)
}

/// The same of a panic: libtorch's errors arrive that way.
pub fn panic_sentence(panic: &(dyn Any + Send), folder: &Path) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("the engine broke off");
    plain(text, folder)
}

fn plain(text: &str, folder: &Path) -> String {
    let says = |words: &str| text.contains(words);
    if says("out of memory") || says("can't allocate memory") || says("not enough memory") {
        return format!(
            "there is not enough memory{}: set smaller batches, a smaller crop or a smaller frame size in the recipe (Settings), \
             then start the stage over",
            if says("CUDA") { " on the card" } else { "" }
        );
    }
    if says("No space left on device") {
        return disk_full(folder);
    }
    if says("CUDA error") {
        let first = text.lines().find(|line| line.contains("CUDA error")).unwrap_or(text).trim();
        return format!("the card failed ({first}): start the job again, it goes on from its last checkpoint");
    }
    // libtorch adds its own stack below the first line; the log has it.
    text.lines().next().unwrap_or(text).trim().to_owned()
}

fn disk_full(folder: &Path) -> String {
    format!("the disk is full: free some space below {} and start the job again", folder.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_failures_say_what_to_do() {
        let folder = Path::new("/jobs/7");
        let allocator =
            "[enforce fail at alloc_cpu.cpp:128] DefaultCPUAllocator: can't allocate memory: you tried 9 bytes";
        assert!(sentence(&anyhow::anyhow!(allocator), folder).contains("smaller crop"));
        let cuda: Box<dyn Any + Send> =
            Box::new("Torch(\"CUDA out of memory. Tried to allocate 2 GiB\nstack\")".to_owned());
        assert!(panic_sentence(&*cuda, folder).contains("on the card"));
        let full =
            anyhow::Error::from(std::io::Error::from(ErrorKind::StorageFull)).context("cannot write a checkpoint");
        assert_eq!(sentence(&full, folder), "the disk is full: free some space below /jobs/7 and start the job again");
        assert_eq!(sentence(&anyhow::anyhow!("inner").context("outer"), folder), "outer: inner");
    }
}
