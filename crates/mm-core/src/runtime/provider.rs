//! Execution providers: which exist, and what `auto` means on this system.

use std::{env, fmt, path::PathBuf, str::FromStr};

use ort::{environment::Environment, session::builder::SessionBuilder};
use serde::{Deserialize, Serialize};

use super::library;
use crate::error::{Error, Result};

/// What executes a graph.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Provider {
    /// The best one for this system: QNN on Android, Core ML on Apple systems, else the CPU.
    #[default]
    Auto,
    /// ONNX Runtime's own CPU kernels.
    Cpu,
    /// Qualcomm's Hexagon NPU through the QNN plugin library.
    Qnn,
    /// Apple's Core ML (Neural Engine, GPU or CPU as it decides).
    CoreMl,
}

impl Provider {
    /// The name used on command lines and in results.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Cpu => "cpu",
            Self::Qnn => "qnn",
            Self::CoreMl => "coreml",
        }
    }

    /// Concrete providers in the order they are tried; the CPU always comes last.
    pub(super) fn candidates(self) -> &'static [Self] {
        match self {
            Self::Qnn => &[Self::Qnn, Self::Cpu],
            Self::CoreMl => &[Self::CoreMl, Self::Cpu],
            Self::Auto if cfg!(target_os = "android") => &[Self::Qnn, Self::Cpu],
            Self::Auto if cfg!(target_vendor = "apple") => &[Self::CoreMl, Self::Cpu],
            Self::Auto | Self::Cpu => &[Self::Cpu],
        }
    }
}

impl fmt::Display for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Provider {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        [Self::Auto, Self::Cpu, Self::Qnn, Self::CoreMl].into_iter().find(|p| p.as_str() == name).ok_or_else(
            || Error::RuntimeProviderUnavailable {
                provider: name.to_owned(),
                detail: "there is no provider of that name; the names are auto, cpu, qnn and coreml"
                    .to_owned(),
            },
        )
    }
}

/// Something the user should know though work goes on, such as a provider that fell back to another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// Stable code, as of errors: `runtime.provider_unavailable`, `runtime.provider_crashed`.
    pub code: String,
    /// For people.
    pub message: String,
}

/// The notice about a provider skipped because of the [sentinel](super::sentinel).
pub(super) fn crashed(provider: Provider) -> Notice {
    Notice {
        code: "runtime.provider_crashed".to_owned(),
        message: format!(
            "{provider} ended the program when it was started before, so the next provider is used instead; reset \
             the providers to try it again"
        ),
    }
}

/// Adds `provider` to a session being built. The error says in plain words why it cannot be used here.
pub(super) fn configure(
    builder: SessionBuilder,
    environment: &Environment,
    provider: Provider,
) -> std::result::Result<SessionBuilder, String> {
    match provider {
        Provider::Auto | Provider::Cpu => configure_cpu(builder, environment),
        Provider::Qnn => configure_qnn(builder, environment),
        Provider::CoreMl => configure_coreml(builder),
    }
}

/// The CPU by name: with a plugin registered, a session that names no device is offered the plugin's as well.
fn configure_cpu(
    builder: SessionBuilder,
    environment: &Environment,
) -> std::result::Result<SessionBuilder, String> {
    let is_cpu = |device: &ort::device::Device<'_>| device.ep().is_ok_and(|name| name == CPU_EP_NAME);
    let devices: Vec<_> = environment.devices().filter(is_cpu).take(1).collect();
    builder.with_devices(devices, None).map_err(|e| e.to_string())
}

const CPU_EP_NAME: &str = "CPUExecutionProvider";

/// File names of the QNN plugin and of its Hexagon backend, installed beside ONNX Runtime or in `$MM_QNN_DIR`.
const QNN_PLUGIN: &str =
    if cfg!(windows) { "onnxruntime_providers_qnn.dll" } else { "libonnxruntime_providers_qnn.so" };
const QNN_BACKEND: &str = if cfg!(windows) { "QnnHtp.dll" } else { "libQnnHtp.so" };
const QNN_EP_NAME: &str = "QNNExecutionProvider";

fn configure_qnn(
    builder: SessionBuilder,
    environment: &Environment,
) -> std::result::Result<SessionBuilder, String> {
    let folder = env::var_os("MM_QNN_DIR").map(PathBuf::from).or_else(library::folder);
    let folder = folder.ok_or("the folder of ONNX Runtime is unknown")?;
    let plugin = folder.join(QNN_PLUGIN);
    if !plugin.is_file() {
        return Err(format!("the plugin library {} is not installed", plugin.display()));
    }
    let is_qnn = |device: &ort::device::Device<'_>| device.ep().is_ok_and(|name| name == QNN_EP_NAME);
    if !environment.devices().any(|d| is_qnn(&d)) {
        environment.register_ep_library(QNN_EP_NAME, &plugin).map_err(|e| e.to_string())?;
    }
    let devices: Vec<_> = environment.devices().filter(|d| is_qnn(d)).take(1).collect();
    if devices.is_empty() {
        return Err("the QNN plugin found no device".to_owned());
    }
    let option = |key: &str, value: String| (format!("{QNN_EP_NAME}.{key}"), value);
    let mut options = vec![option("backend_path", folder.join(QNN_BACKEND).display().to_string())];
    // On a phone the backend reads these from the chip. The x86 emulator has none to read and fails without them:
    // 57 and 75 are Snapdragon 8 Gen 3 (SM8650, Hexagon v75) in Qualcomm's tables.
    if cfg!(not(target_arch = "aarch64")) {
        options.push(option("soc_model", "57".to_owned()));
        options.push(option("htp_arch", "75".to_owned()));
    }
    builder
        // Nodes that silently run on the CPU would make "qnn" a lie: all of the graph or none of it.
        .with_disable_cpu_fallback()
        .map_err(|e| e.to_string())?
        .with_devices(devices, Some(&options))
        .map_err(|e| e.to_string())
}

#[cfg(target_vendor = "apple")]
fn configure_coreml(builder: SessionBuilder) -> std::result::Result<SessionBuilder, String> {
    use ort::ep::{CoreML, coreml};
    builder
        .with_execution_providers([CoreML::default()
            .with_model_format(coreml::ModelFormat::MLProgram)
            .build()
            .error_on_failure()])
        .map_err(|e| e.to_string())
}

#[cfg(not(target_vendor = "apple"))]
fn configure_coreml(_: SessionBuilder) -> std::result::Result<SessionBuilder, String> {
    Err("Core ML exists on Apple systems only".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip_and_every_chain_ends_on_the_cpu() {
        for provider in [Provider::Auto, Provider::Cpu, Provider::Qnn, Provider::CoreMl] {
            assert_eq!(provider.as_str().parse::<Provider>().unwrap(), provider);
            assert_eq!(provider.candidates().last(), Some(&Provider::Cpu));
        }
        assert_eq!("gpu".parse::<Provider>().unwrap_err().code(), "runtime.provider_unavailable");
    }
}
