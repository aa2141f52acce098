//! A finished model on a folder of pictures, by hand.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use windlass::domain::{Event, Line, Taxonomy, files};
use windlass::formats::mask_png::{encode_color, read_gray, read_mask};

use crate::toy::{FRAME, Toy};

fn predict(arguments: [&Path; 3]) -> (Output, Vec<Event>) {
    let output = Command::new(env!("CARGO_BIN_EXE_windlass-engine")).arg("predict").args(arguments).output().unwrap();
    let lines = String::from_utf8(output.stdout.clone()).unwrap();
    (output, lines.lines().map(|line| serde_json::from_str::<Line>(line).unwrap().event).collect())
}

#[test]
fn every_picture_of_a_folder_gets_the_classes_that_an_evaluation_gives_it() {
    let mut toy = Toy::draw();
    (7..).zip(&mut toy.plan.classes).for_each(|(id, class)| class.label_id = id);
    let warmup = toy.done("warmup", &toy.plan.warmup());
    let measured = toy.done("measured", &toy.plan.evaluate(warmup.model(), 0, true));

    let (pictures, out) = (warmup.dir.join("pictures"), warmup.dir.join("predicted"));
    fs::create_dir_all(pictures.join("street")).unwrap();
    for frame in &toy.plan.val {
        fs::copy(&frame.image, pictures.join(format!("street/{}.png", frame.id))).unwrap();
    }
    fs::write(pictures.join("cut.png"), b"\x89PNG").unwrap();
    let (output, events) = predict([&warmup.model(), &pictures, &out]);
    assert!(output.status.success() && matches!(events.last(), Some(Event::Done { .. })), "{output:?}");
    let left_out = |event: &Event| matches!(event, Event::Note { message } if message.contains("cut.png"));
    assert!(events.iter().any(left_out), "{events:?}");

    let taxonomy = Taxonomy { name: "toy".into(), classes: toy.plan.classes.clone(), subsets: vec![] };
    for frame in &toy.plan.val {
        let path = measured.out(&format!("{}/{}.png", files::PREDICTIONS, frame.id));
        let mask = read_mask(&path, taxonomy.classes.len(), FRAME).unwrap();
        let (_, ids) = read_gray(&out.join(format!("street/{}_labelIds.png", frame.id))).unwrap();
        assert!(mask.pixels().iter().zip(&ids).all(|(class, id)| class + 7 == *id), "frame {}", frame.id);
        let color = fs::read(out.join(format!("street/{}_color.png", frame.id))).unwrap();
        assert_eq!(color, encode_color(&mask, &taxonomy));
    }

    // What was interrupted goes on where it was.
    let lost = out.join(format!("street/{}_color.png", toy.plan.val[1].id));
    fs::remove_file(&lost).unwrap();
    let (_, events) = predict([&warmup.model(), &pictures, &out]);
    assert!(events.iter().any(|event| matches!(event, Event::Progress { done: 1, total: 1, .. })), "{events:?}");
    assert!(lost.is_file());
    assert!(
        matches!(predict([&warmup.model(), &pictures, &out]).1.last(), Some(Event::Done { .. })),
        "nothing was left"
    );

    let (output, events) = predict([&warmup.model(), &pictures, &pictures.join("street/predicted")]);
    let refused = |message: &str| message.contains("lies within the pictures");
    assert!(!output.status.success());
    assert!(matches!(events.last(), Some(Event::Failed { message }) if refused(message)), "{events:?}");
    assert!(!pictures.join("street/predicted").exists());
    fs::remove_dir_all(pictures.join("street")).unwrap();
    let (output, events) = predict([&warmup.model(), &pictures, &out]);
    let refused = |message: &str| message.contains("none of the pictures in");
    assert!(!output.status.success());
    assert!(matches!(events.last(), Some(Event::Failed { message }) if refused(message)), "{events:?}");
    fs::remove_file(warmup.out(files::MODEL_CARD)).unwrap();
    let (_, events) = predict([&warmup.model(), &pictures, &out]);
    let refused = |message: &str| message.contains("there is no model.json beside");
    assert!(matches!(events.last(), Some(Event::Failed { message }) if refused(message)), "{events:?}");
}
