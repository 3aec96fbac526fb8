//! Real webcams, through `nokhwa`.

use nokhwa::{
    Buffer, Camera, NokhwaError,
    utils::{ApiBackend, CameraFormat, FrameFormat, RequestedFormat, RequestedFormatType, frame_formats},
};

use super::{
    CameraInfo, Device, Wanted,
    errors::{When, classify},
    format::{Layout, Mode, RawFrame, choose},
};
use crate::CameraError;

pub(super) fn list() -> Result<Vec<CameraInfo>, CameraError> {
    let found = nokhwa::query(ApiBackend::Auto).map_err(|e| classify(&e.to_string(), "", When::Opening))?;
    let mut cameras: Vec<CameraInfo> = found
        .iter()
        .map(|info| CameraInfo {
            id: info.index().as_string(),
            name: info.human_name().trim().to_owned(),
            detail: info.description().to_owned(),
        })
        .filter(|camera| captures(&camera.id))
        .collect();
    // Folders are listed in no order.
    cameras.sort_by_key(|camera| camera.id.parse::<u32>().unwrap_or(u32::MAX));
    Ok(cameras)
}

/// Linux lists every video node: a webcam has a second one for metadata, boards have a dozen for their codecs. One that
/// cannot be asked stays in the list, so that opening it says why.
#[cfg(target_os = "linux")]
fn captures(id: &str) -> bool {
    use v4l::{Device, capability::Flags};
    let Some(capabilities) = id.parse().ok().and_then(|index| Device::new(index).ok()?.query_caps().ok())
    else {
        return true;
    };
    capabilities.capabilities.contains(Flags::VIDEO_CAPTURE)
}

#[cfg(not(target_os = "linux"))]
fn captures(_id: &str) -> bool {
    true
}

/// macOS asks the user the first time, and answers when the user has.
#[cfg(target_os = "macos")]
pub(super) fn ask_permission() -> Result<(), CameraError> {
    use std::{sync::mpsc, time::Duration};
    const LONGEST: Duration = Duration::from_secs(120);
    if nokhwa::nokhwa_check() {
        return Ok(());
    }
    let (sender, answer) = mpsc::channel();
    nokhwa::nokhwa_initialize(move |allowed| {
        // Nobody waits any more if the user took too long.
        let _ = sender.send(allowed);
    });
    match answer.recv_timeout(LONGEST) {
        Ok(true) => Ok(()),
        Ok(false) => Err(CameraError::Denied { detail: String::new() }),
        Err(_) => Err(CameraError::Denied { detail: "the question has not been answered".to_owned() }),
    }
}

#[cfg(not(target_os = "macos"))]
#[allow(clippy::unnecessary_wraps, reason = "the same on every system")]
pub(super) fn ask_permission() -> Result<(), CameraError> {
    Ok(())
}

struct Webcam {
    camera: Camera,
    name: String,
    id: String,
}

/// Opens `camera` in the mode nearest to `wanted` and starts it.
pub(super) fn open(info: &CameraInfo, wanted: Wanted) -> Result<Box<dyn Device>, CameraError> {
    let fail = |e: NokhwaError| classify(&e.to_string(), &info.id, When::Opening);
    let index = match info.id.parse() {
        Ok(number) => nokhwa::utils::CameraIndex::Index(number),
        Err(_) => nokhwa::utils::CameraIndex::String(info.id.clone()),
    };
    // Any format to begin with: what there is can only be asked of an open camera.
    let any = RequestedFormat::with_formats(RequestedFormatType::None, frame_formats());
    let mut camera = Camera::new(index, any).map_err(|error| match error {
        NokhwaError::GetPropertyError { property, .. } if property == "CameraFormat" => {
            let detail = format!("{} offers none of MJPEG, YUYV, NV12, RGB and grey", info.name);
            CameraError::UnsupportedFormat { detail }
        }
        other => fail(other),
    })?;
    let formats = camera.compatible_camera_formats().map_err(fail)?;
    let modes: Vec<Mode> = formats.iter().map(|format| mode(*format)).collect();
    let chosen =
        choose(&modes, wanted).and_then(|chosen| formats.get(modes.iter().position(|m| *m == chosen)?));
    if let Some(&format) = chosen
        && format != camera.camera_format()
    {
        let exact = [format.format()];
        let request = RequestedFormat::with_formats(RequestedFormatType::Exact(format), &exact);
        // Drivers offer modes they then refuse; the one it is in works too.
        if let Err(error) = camera.set_camera_requset(request) {
            tracing::warn!(%format, %error, "the camera refuses this mode");
        }
    }
    camera.open_stream().map_err(fail)?;
    Ok(Box::new(Webcam { camera, name: info.name.clone(), id: info.id.clone() }))
}

impl Device for Webcam {
    fn describe(&self) -> (String, Mode) {
        (self.name.clone(), mode(self.camera.camera_format()))
    }

    fn frame(&mut self) -> Result<RawFrame, CameraError> {
        let buffer: Buffer =
            self.camera.frame().map_err(|e| classify(&e.to_string(), &self.id, When::Reading))?;
        Ok(RawFrame {
            width: buffer.resolution().width(),
            height: buffer.resolution().height(),
            layout: layout(buffer.source_frame_format()),
            bytes: buffer.buffer().to_vec(),
        })
    }
}

fn mode(format: CameraFormat) -> Mode {
    Mode {
        width: format.width(),
        height: format.height(),
        fps: format.frame_rate(),
        layout: layout(format.format()),
    }
}

fn layout(format: FrameFormat) -> Layout {
    match format {
        FrameFormat::MJPEG => Layout::Jpeg,
        FrameFormat::YUYV => Layout::Yuyv,
        FrameFormat::NV12 => Layout::Nv12,
        FrameFormat::GRAY => Layout::Grey,
        FrameFormat::RAWRGB => Layout::Rgb,
        FrameFormat::RAWBGR => Layout::Bgr,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// On a machine with cameras this opens none of them: it only looks.
    #[test]
    fn the_system_can_be_asked_for_its_cameras() {
        let cameras = list().unwrap();
        assert!(cameras.iter().all(|camera| !camera.id.is_empty() && !camera.name.is_empty()), "{cameras:?}");
    }

    #[test]
    fn a_camera_that_is_not_there_is_refused_by_the_real_driver() {
        let info = CameraInfo { id: "63".into(), name: "none".into(), detail: String::new() };
        let error = open(&info, Wanted::new(None, None, None)).err().unwrap();
        assert_eq!(error.code(), "camera.not_found", "{error}");
    }
}
