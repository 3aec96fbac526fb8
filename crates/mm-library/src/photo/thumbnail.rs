//! Small copies for the grid.

use jpeg_encoder::{ColorType, Encoder};
use mm_core::{
    RgbImage,
    resize::{Filter, resize_rgb},
};

use crate::error::{LibraryError, Result};

/// Longest side in pixels: a grid cell of 160 at twice the density.
const LONGEST: u32 = 320;
/// JPEG quality: 10-20 KB a thumbnail.
const QUALITY: u8 = 80;

/// `image` as a small JPEG. Smaller pictures keep their size.
pub(super) fn jpeg(image: &RgbImage) -> Result<Vec<u8>> {
    let (width, height) = fit(image.width(), image.height());
    let small;
    let pixels = if (width, height) == image.dimensions() {
        image.as_raw()
    } else {
        small = resize_rgb(image, width, height, Filter::BilinearAntialias)?;
        small.as_raw()
    };
    let mut bytes = Vec::new();
    // Sides are at most 320, far below the format's 65,535.
    Encoder::new(&mut bytes, QUALITY)
        .encode(pixels, width as u16, height as u16, ColorType::Rgb)
        .map_err(|error| LibraryError::Failed { detail: format!("a thumbnail cannot be made ({error})") })?;
    Ok(bytes)
}

fn fit(width: u32, height: u32) -> (u32, u32) {
    let longest = width.max(height);
    if longest <= LONGEST {
        return (width, height);
    }
    let scale = |side: u32| {
        ((u64::from(side) * u64::from(LONGEST) + u64::from(longest) / 2) / u64::from(longest)).max(1) as u32
    };
    (scale(width), scale(height))
}

#[cfg(test)]
mod tests {
    use mm_core::decode::{Limits, decode};

    use super::*;

    #[test]
    fn thumbnails_fit_and_keep_the_shape() {
        for (size, expected) in [
            ((4000, 3000), (320, 240)),
            ((300, 600), (160, 320)),
            ((200, 100), (200, 100)),
            ((9000, 2), (320, 1)),
            ((1, 1), (1, 1)),
        ] {
            let image = RgbImage::from_pixel(size.0, size.1, image::Rgb([200, 40, 40]));
            let thumbnail = decode(&jpeg(&image).unwrap(), &Limits::default()).unwrap();
            assert_eq!(thumbnail.dimensions(), expected);
            let image::Rgb([red, green, blue]) = *thumbnail.get_pixel(0, 0);
            assert!(red.abs_diff(200) < 6 && green.abs_diff(40) < 6 && blue.abs_diff(40) < 6);
        }
    }
}
