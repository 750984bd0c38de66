import Pipelines

/// When pipelines leave out frames for the machine's sake, and how many: a machine that is switched off by its heat, or that pages its memory in
/// and out, inspects nothing at all.
///
/// Strained is a machine with a zone at its limit or above, or whose programs waited for memory for longer than the limit. Relaxed is one whose
/// zones are all 5 °C below their limits, and whose memory is at half of its. In between everything stays as it is.
///
/// - Strained for 10 s on end: one step more, and another one every 30 s while it stays so. A zone 3 °C above its limit: one step more every time.
/// - Relaxed for 60 s on end: one step less, and so on.
/// - Step k leaves a pipeline every 2^k-th frame and the 2^k-th part of its time, k being 3 at most.
struct DegradationPolicy {
  static let mostSteps = 3
  static let firstPatience = Duration.seconds(10)
  static let patience = Duration.seconds(30)
  static let relief = Duration.seconds(60)
  static let distance = 5.0
  static let urgency = 3.0

  let settings: DegradationSettings
  private(set) var step = 0
  /// Why, for a person: what strains the machine now, or what it did when the step was taken.
  private(set) var reasons: [String] = []
  private var strainedSince: MonotonicInstant?
  private var relaxedSince: MonotonicInstant?
  private var changedAt: MonotonicInstant?
  /// Zones that made it step: one that tells nothing any more hasn't cooled by that.
  private var hotZones: Set<String> = []

  init(_ settings: DegradationSettings) { self.settings = settings }

  /// - Returns: whether the step has changed.
  mutating func observe(_ reading: MachineReading, at now: MonotonicInstant) -> Bool {
    guard settings.isEnabled else { return false }
    let before = step
    let hot = reading.temperatures.filter { zone in limit(of: zone).map { zone.celsius >= $0 } ?? false }
    let waiting = reading.memoryPressure.map(\.some) ?? 0
    let isTight = waiting >= settings.memoryPressure
    if !hot.isEmpty || isTight {
      relaxedSince = nil
      reasons = hot.map { "\($0.zone) is at \(Self.short($0.celsius)) °C (limit \(Self.short(limit(of: $0) ?? 0)) °C)" }
      if isTight { reasons.append("programs waited for memory \(Self.short(waiting)) % of the time (limit \(Self.short(settings.memoryPressure)) %)") }
      hotZones.formUnion(hot.map(\.zone))
      let since = strainedSince ?? now
      strainedSince = since
      let isUrgent = hot.contains { $0.celsius >= (limit(of: $0) ?? .infinity) + Self.urgency }
      let isDue = step == 0 ? since.duration(to: now) >= Self.firstPatience : (changedAt ?? since).duration(to: now) >= Self.patience
      if isUrgent || isDue { step = min(step + 1, Self.mostSteps) }
    } else {
      strainedSince = nil
      relax(reading, waiting, at: now)
    }
    if step != before { changedAt = now }
    if step == 0 { (reasons, hotZones) = (strainedSince == nil ? [] : reasons, strainedSince == nil ? [] : hotZones) }
    return step != before
  }

  private mutating func relax(_ reading: MachineReading, _ waiting: Double, at now: MonotonicInstant) {
    let isCool = reading.temperatures.allSatisfy { zone in limit(of: zone).map { zone.celsius <= $0 - Self.distance } ?? true }
    let isKnown = hotZones.allSatisfy { name in reading.temperatures.contains { $0.zone == name } }
    guard step > 0, isCool, isKnown, waiting <= settings.memoryPressure / 2 else {
      relaxedSince = nil
      return
    }
    let since = relaxedSince ?? now
    relaxedSince = since
    guard since.duration(to: now) >= Self.relief else { return }
    step -= 1
    relaxedSince = now
  }

  /// The configured one, or below the kernel's own; a critical temperature that no machine would live by isn't believed.
  private func limit(of zone: MachineReading.Temperature) -> Double? {
    if let temperature = settings.temperature { return temperature }
    guard let critical = zone.critical, (50...150).contains(critical) else { return nil }
    return critical - DegradationSettings.belowCritical
  }

  private static func short(_ value: Double) -> String { "\((value * 10).rounded() / 10)" }
}

/// Lets through what a step leaves of a pipeline's frames. One thread's own.
struct FrameThrottle {
  private var left = 0
  private var restsUntil = MonotonicInstant(nanoseconds: 0)

  /// Longer than this a frame doesn't make the next ones wait: it may have been the machine that stood still.
  private static let longestWork = Duration.seconds(2)

  /// Whether the next frame is to be processed.
  mutating func admits(at now: MonotonicInstant, step: Int) -> Bool {
    guard step > 0 else {
      left = 0
      return true
    }
    if left > 0 || now < restsUntil {
      left = max(0, left - 1)
      return false
    }
    return true
  }

  /// Notes how long a frame took; the next ones have to wait for it.
  mutating func note(_ work: Duration, until end: MonotonicInstant, step: Int) {
    let others = (1 << step) - 1
    left = others
    restsUntil = end.advanced(by: min(work, Self.longestWork) * others)
  }
}
