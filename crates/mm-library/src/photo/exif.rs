//! EXIF: when, with what and where a picture was taken. Orientation is the decoder's business.

use exif::{In, Reader, Tag, Value};
use jiff::civil;

/// What is read of an EXIF block: JPEG allows no more, and the parser's memory grows with the square of a hostile one.
const MAX_BLOCK: usize = 64 << 10;

/// What EXIF says, as far as it says it in a way that can be true.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Exif {
    /// Local time on the camera's clock.
    pub taken: Option<civil::DateTime>,
    /// Maker and model, the maker's name not said twice.
    pub camera: Option<String>,
    /// Latitude and longitude in degrees, north and east positive.
    pub place: Option<(f64, f64)>,
}

/// Reads the EXIF of a picture file. Never fails: what cannot be read is left out.
pub fn read_exif(file: &[u8]) -> Exif {
    let Some(block) = block(file) else { return Exif::default() };
    let parsed = Reader::new().continue_on_error(true).read_raw(block);
    let Ok(fields) = parsed.or_else(|error| error.distill_partial_result(|_| ())) else {
        return Exif::default();
    };
    Exif { taken: taken(&fields), camera: camera(&fields), place: place(&fields) }
}

/// The TIFF block with the fields. Found by the marks that every format puts before it, whose containers the decoder
/// checks: JPEG and HEIC `Exif\0\0`, PNG a chunk `eXIf`, WebP a chunk `EXIF` with its length. Of a TIFF the beginning.
fn block(file: &[u8]) -> Option<Vec<u8>> {
    let from = |start: usize| {
        let rest = file.get(start..)?;
        let is_block = rest.starts_with(b"II*\0") || rest.starts_with(b"MM\0*");
        is_block.then(|| rest[..rest.len().min(MAX_BLOCK)].to_vec())
    };
    if let Some(tiff) = from(0) {
        return Some(tiff);
    }
    let marks = file.windows(6).enumerate().filter(|(_, w)| w[0].eq_ignore_ascii_case(&b'e'));
    for (at, window) in marks {
        let start = match window {
            b"Exif\0\0" => at + 6,
            [b'e', b'X', b'I', b'f', ..] => at + 4,
            [b'E', b'X', b'I', b'F', ..] => at + 8,
            _ => continue,
        };
        if let Some(found) = from(start) {
            return Some(found);
        }
    }
    None
}

fn taken(fields: &exif::Exif) -> Option<civil::DateTime> {
    [Tag::DateTimeOriginal, Tag::DateTimeDigitized].into_iter().find_map(|tag| {
        let Value::Ascii(texts) = &fields.get_field(tag, In::PRIMARY)?.value else { return None };
        let time = exif::DateTime::from_ascii(texts.first()?).ok()?;
        let signed = |part: u8| i8::try_from(part).ok();
        civil::DateTime::new(
            i16::try_from(time.year).ok()?,
            signed(time.month)?,
            signed(time.day)?,
            signed(time.hour)?,
            signed(time.minute)?,
            // A leap second counts as the one before.
            signed(time.second.min(if time.second == 60 { 59 } else { u8::MAX }))?,
            0,
        )
        .ok()
    })
}

fn camera(fields: &exif::Exif) -> Option<String> {
    let maker = text(fields, Tag::Make);
    let model = text(fields, Tag::Model);
    match (maker, model) {
        (Some(maker), Some(model)) => {
            let first = maker.split_whitespace().next().unwrap_or_default().to_lowercase();
            let said = model.to_lowercase().starts_with(&first);
            Some(if said { model } else { format!("{maker} {model}") })
        }
        (maker, model) => model.or(maker),
    }
}

/// A text field without control characters, of a length that a name can have.
fn text(fields: &exif::Exif, tag: Tag) -> Option<String> {
    let Value::Ascii(texts) = &fields.get_field(tag, In::PRIMARY)?.value else { return None };
    let text = String::from_utf8_lossy(texts.first()?);
    let text: String = text.chars().filter(|c| !c.is_control()).take(80).collect();
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

fn place(fields: &exif::Exif) -> Option<(f64, f64)> {
    let latitude = degrees(fields, Tag::GPSLatitude, Tag::GPSLatitudeRef, b'S', 90.0)?;
    let longitude = degrees(fields, Tag::GPSLongitude, Tag::GPSLongitudeRef, b'W', 180.0)?;
    // Zero and zero is what cameras write before they know where they are.
    (latitude != 0.0 || longitude != 0.0).then_some((latitude, longitude))
}

fn degrees(fields: &exif::Exif, value: Tag, side: Tag, negative: u8, most: f64) -> Option<f64> {
    let Value::Rational(parts) = &fields.get_field(value, In::PRIMARY)?.value else { return None };
    let [whole, minutes, seconds] = parts.get(..3)? else { return None };
    let sum = whole.to_f64() + minutes.to_f64() / 60.0 + seconds.to_f64() / 3600.0;
    let Value::Ascii(side) = &fields.get_field(side, In::PRIMARY)?.value else { return None };
    let side = side.first()?.first()?.to_ascii_uppercase();
    // A division by zero gives NaN or infinity, which is no place either.
    (0.0..=most).contains(&sum).then_some(if side == negative { -sum } else { sum })
}

#[cfg(test)]
mod tests {
    use exif::{Field, Rational, experimental::Writer};
    use proptest::prelude::*;

    use super::*;

    fn ascii(tag: Tag, text: &str) -> Field {
        Field { tag, ifd_num: In::PRIMARY, value: Value::Ascii(vec![text.as_bytes().to_vec()]) }
    }

    fn angle(tag: Tag, parts: [(u32, u32); 3]) -> Field {
        let value = Value::Rational(parts.map(|(num, denom)| Rational { num, denom }).to_vec());
        Field { tag, ifd_num: In::PRIMARY, value }
    }

    fn tiff(fields: &[Field]) -> Vec<u8> {
        let mut writer = Writer::new();
        for field in fields {
            writer.push_field(field);
        }
        let mut out = std::io::Cursor::new(Vec::new());
        writer.write(&mut out, false).unwrap();
        out.into_inner()
    }

    fn usual() -> Vec<u8> {
        tiff(&[
            ascii(Tag::Make, "NIKON CORPORATION"),
            ascii(Tag::Model, "NIKON D70"),
            ascii(Tag::DateTimeOriginal, "2024:07:14 18:05:09"),
            ascii(Tag::GPSLatitudeRef, "S"),
            angle(Tag::GPSLatitude, [(33, 1), (51, 1), (36, 1)]),
            ascii(Tag::GPSLongitudeRef, "E"),
            angle(Tag::GPSLongitude, [(151, 1), (1260, 100), (0, 1)]),
        ])
    }

    #[test]
    fn time_camera_and_place_are_read_in_every_container() {
        let block = usual();
        let expected = Exif {
            taken: Some(civil::datetime(2024, 7, 14, 18, 5, 9, 0)),
            camera: Some("NIKON D70".to_owned()),
            place: Some((-33.86, 151.21)),
        };
        for before in [
            &b""[..],
            b"\xFF\xD8\xFF\xE1\0\0Exif\0\0",
            b"\x89PNG\0\0\0\0eXIf",
            b"RIFF\0\0\0\0WEBPEXIF\0\0\0\0",
        ] {
            let found = read_exif(&[before, &block].concat());
            let (latitude, longitude) = found.place.unwrap();
            assert!((latitude + 33.86).abs() < 1e-9 && (longitude - 151.21).abs() < 1e-9);
            assert_eq!(Exif { place: expected.place, ..found }, expected);
        }
    }

    #[test]
    fn what_cannot_be_true_is_left_out() {
        for time in ["0000:00:00 00:00:00", "    :  :     :  :  ", "2024:02:31 10:00:00", "yesterday", ""] {
            assert_eq!(read_exif(&tiff(&[ascii(Tag::DateTimeOriginal, time)])).taken, None, "{time}");
        }
        let at = |latitude, longitude| {
            read_exif(&tiff(&[
                ascii(Tag::GPSLatitudeRef, "N"),
                angle(Tag::GPSLatitude, [latitude, (0, 1), (0, 1)]),
                ascii(Tag::GPSLongitudeRef, "E"),
                angle(Tag::GPSLongitude, [longitude, (0, 1), (0, 1)]),
            ]))
            .place
        };
        assert_eq!(at((48, 1), (11, 1)), Some((48.0, 11.0)));
        for (latitude, longitude) in [((0, 1), (0, 1)), ((1, 0), (1, 1)), ((0, 0), (1, 1)), ((91, 1), (1, 1))]
        {
            assert_eq!(at(latitude, longitude), None);
        }
        assert_eq!(read_exif(&tiff(&[ascii(Tag::Model, "\u{1b}[2J \0")])).camera.as_deref(), Some("[2J"));
    }

    proptest! {
        #[test]
        fn hostile_fields_do_no_harm(at in 0_usize..400, value: u8, cut in 0_usize..400) {
            let mut block = usual();
            let len = block.len();
            block[at % len] = value;
            read_exif(&block);
            read_exif(&block[..cut.min(len)]);
        }
    }
}
