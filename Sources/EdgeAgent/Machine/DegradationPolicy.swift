import Pipelines

/// When pipelines leave out frames for the machine's sake, and how many: a machine that is switched off by its heat, or that pages its memory in
/// and out, inspects nothing at all.
///
/// Strained is a machine with a zone at its limit or above, or whose programs waited for memory for longer than the limit. Relaxed is one whose
/// zones are all 5 °C below their limits, and whose memory is at half of its. In between everything stays as it is.
///
/// - Strained for 10 s on end: one step more, and another one for each further 30 s on end. A zone 3 °C above its limit in three looks in a row:
///   one step more.
/// - Relaxed for 60 s on end: one step less, and so on. Not strained for 10 min on end: one step less, too.
/// - Step k leaves a pipeline every 2^k-th frame and the 2^k-th part of its time, k being 3 at most.
///
/// What isn't seen counts for nothing: a reading that can't be true is none; time that nobody looked at the machine is neither strain nor rest; and
/// what strained it and says nothing any more hasn't got better by that, for 10 min.
struct DegradationPolicy {
  static let mostSteps = 3
  static let firstPatience = Duration.seconds(10)
  static let patience = Duration.seconds(30)
  static let urgentLooks = 3
  static let relief = Duration.seconds(60)
  static let calm = Duration.seconds(600)
  static let longestSilence = Duration.seconds(600)
  static let distance = 5.0
  static let urgency = 3.0
  /// The most that a look stands for of the time since the one before.
  static let longestLook = Duration.seconds(4)
  /// What memory pressure is called among the zones; no kernel's name has a space.
  private static let memory = "memory pressure"

  /// Other ones count from the next look on; what has been seen so far stays.
  var settings: DegradationSettings {
    didSet { if settings != oldValue { (strained, urgent, relaxed, calm) = (nil, 0, nil, nil) } }
  }
  private(set) var step = 0
  /// Why, for a person: what strains the machine now, or what it did when the step was taken.
  private(set) var reasons: [String] = []
  /// What has been silent for so long, as of the last look, that it isn't waited for any more.
  private(set) var forgotten: [String] = []
  private var lookedAt: MonotonicInstant?
  // For how long on end it has been so; nil while it isn't.
  private var strained: Duration?
  private var relaxed: Duration?
  private var calm: Duration?
  /// Looks in a row that were urgent.
  private var urgent = 0
  /// What strained it, and for how long it has been silent.
  private var silences: [String: Duration] = [:]

  init(_ settings: DegradationSettings) { self.settings = settings }

  /// - Returns: whether the step has changed.
  mutating func observe(_ reading: MachineReading, at now: MonotonicInstant) -> Bool {
    forgotten = []
    let before = step
    guard settings.isEnabled else {
      self = DegradationPolicy(settings)
      return before != 0
    }
    let passed = min(lookedAt.map { $0.duration(to: now) } ?? .zero, Self.longestLook)
    lookedAt = now
    let zones = reading.temperatures.filter { counts($0) }
    let pressure = reading.memoryPressure.map(\.some)
    let hot = zones.filter { zone in limit(of: zone).map { zone.celsius >= $0 } ?? false }
    let isTight = pressure.map { $0 >= settings.memoryPressure } ?? false
    listen(to: zones.map(\.zone) + (pressure == nil ? [] : [Self.memory]), passed)
    if !hot.isEmpty || isTight {
      note(hot, isTight ? pressure : nil)
      strain(passed, isUrgent: hot.contains { $0.celsius >= (limit(of: $0) ?? .infinity) + Self.urgency })
    } else if silences.values.contains(where: { $0 > .zero }) {
      // Neither strain nor rest.
      (urgent, relaxed) = (0, nil)
    } else {
      (strained, urgent) = (nil, 0)
      let isCool = zones.allSatisfy { zone in limit(of: zone).map { zone.celsius <= $0 - Self.distance } ?? true }
      relax(passed, isRelaxed: isCool && (pressure ?? 0) <= settings.memoryPressure / 2)
    }
    if step == 0, strained == nil { (reasons, silences) = ([], [:]) }
    return step != before
  }

  private mutating func note(_ hot: [MachineReading.Temperature], _ pressure: Double?) {
    reasons = hot.map { "\($0.zone) is at \(Self.short($0.celsius)) °C (limit \(Self.short(limit(of: $0) ?? 0)) °C)" }
    for zone in hot { silences[zone.zone] = .zero }
    guard let pressure else { return }
    reasons.append("programs waited for memory \(Self.short(pressure)) % of the time (limit \(Self.short(settings.memoryPressure)) %)")
    silences[Self.memory] = .zero
  }

  private mutating func strain(_ passed: Duration, isUrgent: Bool) {
    (relaxed, calm) = (nil, nil)
    strained = strained.map { $0 + passed } ?? .zero
    urgent = isUrgent ? urgent + 1 : 0
    guard urgent >= Self.urgentLooks || (strained ?? .zero) >= (step == 0 ? Self.firstPatience : Self.patience) else { return }
    step = min(step + 1, Self.mostSteps)
    (strained, urgent) = (.zero, 0)
  }

  private mutating func relax(_ passed: Duration, isRelaxed: Bool) {
    guard step > 0 else { return (relaxed, calm) = (nil, nil) }
    relaxed = isRelaxed ? relaxed.map { $0 + passed } ?? .zero : nil
    calm = calm.map { $0 + passed } ?? .zero
    guard relaxed.map({ $0 >= Self.relief }) ?? false || (calm ?? .zero) >= Self.calm else { return }
    step -= 1
    (relaxed, calm) = (relaxed.map { _ in .zero }, .zero)
  }

  /// - Parameter heard: what has said something.
  private mutating func listen(to heard: [String], _ passed: Duration) {
    for name in silences.keys {
      guard !heard.contains(name), let silence = silences[name] else {
        silences[name] = .zero
        continue
      }
      // One that has only just fallen silent is silent, too.
      silences[name] = silence + max(passed, .nanoseconds(1))
      guard silence + passed >= Self.longestSilence else { continue }
      silences[name] = nil
      forgotten.append(name)
    }
    forgotten.sort()
  }

  /// Whether a zone is one of those that are to be looked at, and what it says can be true.
  private func counts(_ zone: MachineReading.Temperature) -> Bool {
    (settings.zones.map { $0.contains { zone.isNamed($0) } } ?? true) && zone.isBelievable
  }

  /// The configured one, or below the kernel's own; a critical temperature that no machine would live by isn't believed.
  private func limit(of zone: MachineReading.Temperature) -> Double? {
    if let temperature = settings.temperature { return temperature }
    return zone.believableCritical.map { $0 - DegradationSettings.belowCritical }
  }

  private static func short(_ value: Double) -> String { "\((value * 10).rounded() / 10)" }
}

extension MachineReading.Temperature {
  /// Sensors that aren't wired, or answer before they have measured, say anything.
  static let possible = -30.0...150
  /// A machine that is hotter than critical by more than this would be off.
  static let mostAboveCritical = 10.0

  var believableCritical: Double? { critical.flatMap { (50...150).contains($0) ? $0 : nil } }

  var isBelievable: Bool { Self.possible.contains(celsius) && celsius <= (believableCritical ?? .infinity) + Self.mostAboveCritical }

  /// By its kind, or by its kind and number.
  func isNamed(_ name: String) -> Bool {
    guard zone != name else { return true }
    guard zone.hasPrefix("\(name)-") else { return false }
    let number = zone.dropFirst(name.count + 1)
    return !number.isEmpty && number.allSatisfy { $0.isASCII && $0.isNumber }
  }
}
