//! CIFAR-10 in its binary layout (Krizhevsky 2009, <https://www.cs.toronto.edu/~kriz/cifar.html>): an image is one byte of label and 3072 of pixels, the planes of
//! red, green and blue one after another, each row by row.

use super::{CHANNELS, CLASSES, IMAGE, ImageSet, Images, SIDE, broken};
use nos::lab::message::Failure;
use std::path::Path;

/// The bytes of an image with its label.
const RECORD: usize = IMAGE + 1;

/// Reads a folder: whichever of `data_batch_1.bin` to `data_batch_5.bin` it has, and `test_batch.bin` if it is there.
///
/// # Errors
/// No folder, no training images, or a file that is not as it should be.
pub fn read(folder: &Path) -> Result<ImageSet, Failure> {
    if !folder.is_dir() {
        return Err(broken(
            folder,
            "expected the folder of CIFAR-10 in its binary layout, found none",
        ));
    }
    let mut images = Images::default();
    for number in 1..=5 {
        read_file(
            &folder.join(format!("data_batch_{number}.bin")),
            &mut images,
        )?;
    }
    if images.len() < 10 {
        let what = format!(
            "expected `data_batch_1.bin` and others with at least 10 images, found {}",
            images.len()
        );
        return Err(broken(folder, &what));
    }
    let mut test = Images::default();
    read_file(&folder.join("test_batch.bin"), &mut test)?;
    Ok(ImageSet::new("CIFAR-10", false, images, test))
}

/// Adds the images of a file, if it exists.
fn read_file(path: &Path, images: &mut Images) -> Result<(), Failure> {
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(broken(path, &error.to_string())),
    };
    let (whole, rest) = (bytes.len() / RECORD, bytes.len() % RECORD);
    if rest > 0 {
        let what = format!(
            "expected a whole number of images of {RECORD} bytes, found {} bytes: {whole} images and {rest} bytes",
            bytes.len()
        );
        return Err(broken(path, &what));
    }
    images.pixels.reserve(whole * IMAGE);
    for (index, record) in bytes.chunks_exact(RECORD).enumerate() {
        let (label, planes) = (record[0], &record[1..]);
        if usize::from(label) >= CLASSES {
            let what = format!("expected labels from 0 to 9, found {label} at image {index}");
            return Err(broken(path, &what));
        }
        images.labels.push(label);
        let (red, others) = planes.split_at(IMAGE / CHANNELS);
        let (green, blue) = others.split_at(IMAGE / CHANNELS);
        let pixels = red.iter().zip(green).zip(blue);
        images
            .pixels
            .extend(pixels.flat_map(|((red, green), blue)| [*red, *green, *blue]));
    }
    debug_assert_eq!(images.pixels.len(), images.len() * SIDE * SIDE * CHANNELS);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(failure: Result<ImageSet, Failure>) -> String {
        match failure {
            Err(Failure::Data { message }) => message,
            other => panic!("expected broken data, found {other:?}"),
        }
    }

    #[test]
    fn planes_become_pixels_and_test_file_is_optional() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut bytes = Vec::new();
        for label in 0..10 {
            bytes.push(label);
            for plane in [10, 20, 30_u8] {
                bytes.extend((0..1024).map(|place| if place == 33 { 99 } else { plane + label }));
            }
        }
        std::fs::write(folder.path().join("data_batch_4.bin"), &bytes).expect("written");
        let set = read(folder.path()).expect("a data set");
        assert_eq!(
            (set.train.len(), set.valid.len(), set.test.len()),
            (9, 1, 0)
        );
        assert_eq!(set.images.labels, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
        assert_eq!(set.images.image(3)[..6], [13, 23, 33, 13, 23, 33]);
        assert_eq!(set.images.image(3)[99..102], [99, 99, 99]);
    }

    #[test]
    fn broken_files_are_named_with_what_was_expected_and_found() {
        let folder = tempfile::tempdir().expect("a folder");
        assert!(message(read(&folder.path().join("none"))).contains("found none"));
        assert!(message(read(folder.path())).contains("found 0"));
        let path = folder.path().join("data_batch_1.bin");
        std::fs::write(&path, vec![0; 20 * RECORD - 5]).expect("written");
        let said = message(read(folder.path()));
        assert!(
            said.contains("data_batch_1.bin`")
                && said.ends_with("found 61455 bytes: 19 images and 3068 bytes"),
            "{said}"
        );
        let mut bytes = vec![0; 20 * RECORD];
        bytes[7 * RECORD] = 10;
        std::fs::write(&path, bytes).expect("written");
        assert!(message(read(folder.path())).ends_with("found 10 at image 7"));
    }
}
