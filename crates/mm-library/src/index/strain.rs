//! Whether the device has better things to do: battery and heat.

use std::{
    collections::VecDeque,
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use super::types::Waiting;

/// Below this charge nothing is indexed on battery.
const LOW_CHARGE: f32 = 0.3;
/// So close to a temperature at which the system slows down, in degrees Celsius, work gets slower.
const WARM: f32 = 5.0;
/// A temperature at which the system would switch off is kept at this distance.
const BELOW_CRITICAL: f32 = 10.0;
/// A quarter of the speed: three times the work is rested.
pub(super) const REST: u32 = 3;
/// How often sensors are read; batteries and heat change over minutes.
const LOOK: Duration = Duration::from_secs(5);
/// Analyses over which a slow-down is one.
const SAMPLE: usize = 16;

/// How much to hold back, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Strain {
    None,
    Slow(Waiting),
    Stop(Waiting),
}

/// What sensors say.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Readings {
    /// Charge, [0, 1], if the device runs on its battery.
    pub on_battery: Option<f32>,
    /// Degrees Celsius until the system slows down or worse, where it tells.
    pub margin: Option<f32>,
}

/// Reads the device's sensors.
pub(super) trait Sensors: Send {
    fn read(&mut self) -> Readings;
}

/// The sensors read from time to time, and the speed of the work where no sensor tells of heat.
pub(super) struct Caution {
    sensors: Box<dyn Sensors>,
    readings: Readings,
    next: Instant,
    slowdown: Slowdown,
}

impl Caution {
    pub fn new(sensors: Box<dyn Sensors>) -> Self {
        Self { sensors, readings: Readings::default(), next: Instant::now(), slowdown: Slowdown::default() }
    }

    /// What to do before the next photo.
    pub fn strain(&mut self) -> Strain {
        if Instant::now() >= self.next {
            self.readings = self.sensors.read();
            self.next = Instant::now() + LOOK;
        }
        strain(self.readings, self.slowdown.is_slow())
    }

    /// Notes how long a photo took. Only photos without text tell: their work is the same whatever they show.
    pub fn note(&mut self, took: Duration, text: bool) {
        if !text {
            self.slowdown.note(took);
        }
    }
}

fn strain(readings: Readings, slow: bool) -> Strain {
    let hot = readings.margin.is_some_and(|margin| margin <= 0.0);
    let warm = readings.margin.map_or(slow, |margin| margin <= WARM);
    match readings.on_battery {
        Some(charge) if charge < LOW_CHARGE => Strain::Stop(Waiting::Battery),
        _ if hot => Strain::Stop(Waiting::Heat),
        Some(_) => Strain::Slow(Waiting::Battery),
        None if warm => Strain::Slow(Waiting::Heat),
        None => Strain::None,
    }
}

/// Tells whether the same work takes twice as long as it did at its best, as on a processor that slows itself down.
#[derive(Default)]
struct Slowdown {
    recent: VecDeque<Duration>,
    best: Option<Duration>,
}

impl Slowdown {
    fn note(&mut self, took: Duration) {
        self.recent.push_back(took);
        if self.recent.len() > SAMPLE {
            self.recent.pop_front();
        }
        if let Some(median) = self.median() {
            self.best = Some(self.best.map_or(median, |best| best.min(median)));
        }
    }

    fn is_slow(&self) -> bool {
        self.median().zip(self.best).is_some_and(|(now, best)| now > best * 2)
    }

    fn median(&self) -> Option<Duration> {
        let mut sorted: Vec<Duration> = self.recent.iter().copied().collect();
        sorted.sort_unstable();
        (sorted.len() == SAMPLE).then(|| sorted[SAMPLE / 2])
    }
}

/// The sensors of this device.
pub(super) struct Device {
    zones: PathBuf,
}

impl Default for Device {
    fn default() -> Self {
        Self { zones: PathBuf::from("/sys/class/thermal") }
    }
}

impl Sensors for Device {
    fn read(&mut self) -> Readings {
        Readings { on_battery: on_battery(), margin: margin(&self.zones) }
    }
}

/// The lowest charge of the batteries that are being emptied.
#[cfg(not(any(target_os = "android", target_os = "ios")))]
fn on_battery() -> Option<f32> {
    use starship_battery::{Manager, State, units::ratio::ratio};
    let batteries = Manager::new().and_then(|manager| manager.batteries()).ok()?;
    batteries
        .flatten()
        .filter(|battery| matches!(battery.state(), State::Discharging | State::Empty))
        .map(|battery| battery.state_of_charge().get::<ratio>())
        .min_by(f32::total_cmp)
}

/// Phones tell it to the app, not to a library: the app sets the pace.
#[cfg(any(target_os = "android", target_os = "ios"))]
fn on_battery() -> Option<f32> {
    None
}

/// Degrees Celsius until the first of the thermal zones reaches a trip point at which Linux slows the processor down or
/// more (Documentation/driver-api/thermal/sysfs-api.rst: millidegrees; types `active`, `passive`, `hot`, `critical`).
fn margin(zones: &Path) -> Option<f32> {
    let zones = fs::read_dir(zones).ok()?;
    zones
        .flatten()
        .filter(|zone| zone.file_name().to_string_lossy().starts_with("thermal_zone"))
        .filter_map(|zone| zone_margin(&zone.path()))
        .min_by(f32::total_cmp)
}

fn zone_margin(zone: &Path) -> Option<f32> {
    // Sensors without a value, and trip points that are not set, say 0 or less, or something absurd.
    let degrees = |file: String| {
        let value: f32 = fs::read_to_string(zone.join(file)).ok()?.trim().parse().ok()?;
        Some(value / 1000.0).filter(|degrees| (1.0..200.0).contains(degrees))
    };
    let now = degrees("temp".to_owned())?;
    (0..16)
        .map_while(|trip| {
            Some((trip, fs::read_to_string(zone.join(format!("trip_point_{trip}_type"))).ok()?))
        })
        .filter_map(|(trip, kind)| {
            let at = degrees(format!("trip_point_{trip}_temp")).filter(|at| *at >= 40.0)?;
            match kind.trim() {
                "passive" | "hot" => Some(at - now),
                "critical" => Some(at - BELOW_CRITICAL - now),
                _ => None,
            }
        })
        .min_by(f32::total_cmp)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_battery_and_heat_slow_down_and_stop() {
        let read = |on_battery, margin| strain(Readings { on_battery, margin }, false);
        assert_eq!(read(None, None), Strain::None);
        assert_eq!(read(None, Some(30.0)), Strain::None);
        assert_eq!(read(Some(0.9), None), Strain::Slow(Waiting::Battery));
        assert_eq!(read(Some(0.2), Some(30.0)), Strain::Stop(Waiting::Battery));
        assert_eq!(read(None, Some(4.0)), Strain::Slow(Waiting::Heat));
        assert_eq!(read(Some(0.9), Some(-1.0)), Strain::Stop(Waiting::Heat));
        // Where sensors tell of heat, other work on the machine is no reason.
        assert_eq!(strain(Readings { margin: Some(30.0), ..Readings::default() }, true), Strain::None);
        assert_eq!(strain(Readings::default(), true), Strain::Slow(Waiting::Heat));
    }

    #[test]
    fn thermal_zones_are_read_as_linux_writes_them() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(margin(dir.path()), None);
        let zone = |name: &str, temp: &str, trips: &[(&str, &str)]| {
            let zone = dir.path().join(name);
            fs::create_dir(&zone).unwrap();
            fs::write(zone.join("temp"), temp).unwrap();
            for (i, (kind, at)) in trips.iter().enumerate() {
                fs::write(zone.join(format!("trip_point_{i}_type")), format!("{kind}\n")).unwrap();
                fs::write(zone.join(format!("trip_point_{i}_temp")), at).unwrap();
            }
        };
        zone("cooling_device0", "99000\n", &[("passive", "50000")]);
        zone("thermal_zone0", "-5000\n", &[("passive", "85000")]);
        zone(
            "thermal_zone1",
            "55000\n",
            &[("active", "45000\n"), ("passive", "-274000"), ("critical", "105000\n")],
        );
        assert_eq!(margin(dir.path()), Some(40.0));
        zone("thermal_zone2", "83000\n", &[("passive", "85000\n")]);
        assert_eq!(margin(dir.path()), Some(2.0));
    }

    #[test]
    fn a_sustained_slow_down_is_one_and_a_single_slow_photo_is_not() {
        let mut slowdown = Slowdown::default();
        let milliseconds = Duration::from_millis;
        (0..SAMPLE).for_each(|_| slowdown.note(milliseconds(100)));
        (0..5).for_each(|_| slowdown.note(milliseconds(900)));
        assert!(!slowdown.is_slow());
        (0..SAMPLE).for_each(|_| slowdown.note(milliseconds(250)));
        assert!(slowdown.is_slow());
        (0..SAMPLE).for_each(|_| slowdown.note(milliseconds(120)));
        assert!(!slowdown.is_slow());
    }

    #[test]
    fn this_device_can_be_asked() {
        let readings = Device::default().read();
        assert!(readings.on_battery.is_none_or(|charge| (0.0..=1.5).contains(&charge)));
    }
}
