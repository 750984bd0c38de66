import Pipelines

/// The controller's clock as this machine knows it, from exchanges of four moments.
///
/// An exchange is as exact as its delay is short: the truth lies within half of it. So of every few seconds the exchange with the least delay is kept,
/// and of these the drift is the slope. Pure: time comes in as arguments.
struct ClockEstimate: Sendable {
  /// One exchange, as far as it says something.
  struct Sample: Sendable {
    /// The middle between sending and receiving, by this machine's clock.
    let host: MonotonicInstant
    /// The middle between receiving and replying, by the controller's clock, in nanoseconds.
    let controller: Int64
    /// What the line took, both ways, in nanoseconds.
    let delay: Int64
  }

  /// How long one sample speaks for, and how many such are kept.
  static let spell = Duration.seconds(8), spells = 8
  /// Quartzes differ by less: parts per million.
  static let greatestDrift: Int64 = 500
  /// By how many a quartz's rate wanders while it warms up.
  static let driftMargin: Int64 = 30

  private var best: [Sample] = []
  /// The one that says most about now, though it needn't be the best of its spell.
  private var latest: Sample?
  private var spellBegan = MonotonicInstant(nanoseconds: 0)
  private(set) var exchanges = 0

  init() { best.reserveCapacity(Self.spells) }

  /// - Parameters:
  ///   - sentAt: when the request went, `receivedAt`: when the reply was here.
  ///   - arrivedAt: microseconds of the controller, `repliedAt` likewise.
  mutating func add(sentAt: MonotonicInstant, arrivedAt: UInt64, repliedAt: UInt64, receivedAt: MonotonicInstant) {
    guard arrivedAt <= repliedAt, repliedAt < 1 << 52 else { return }
    let whole = sentAt.duration(to: receivedAt).wholeNanoseconds
    let away = Int64(repliedAt - arrivedAt) * 1000
    guard whole >= away, whole < 10_000_000_000 else { return }
    let sample = Sample(
      host: sentAt.advanced(by: .nanoseconds(whole / 2)), controller: Int64(arrivedAt) * 1000 + away / 2, delay: whole - away)
    exchanges += 1
    // Neither side's error explains it: one of the clocks was set, or began anew.
    if let nearest = anchor(at: sample.host), isContradiction(sample, to: nearest) { forget() }
    if best.isEmpty || spellBegan.duration(to: receivedAt) >= Self.spell {
      if best.count == Self.spells { best.removeFirst() }
      best.append(sample)
      spellBegan = receivedAt
    } else if sample.delay <= best[best.count - 1].delay {
      best[best.count - 1] = sample
    }
    let known = latest.map { error(of: $0, age: age(of: $0, at: sample.host)) }
    if error(of: sample, age: 0) <= known ?? .max { latest = sample }
    if slope.magnitude > UInt64(Self.greatestDrift) {
      forget()
      best.append(sample)
      spellBegan = receivedAt
      latest = sample
    }
  }

  private mutating func forget() {
    best.removeAll(keepingCapacity: true)
    latest = nil
  }

  private func isContradiction(_ sample: Sample, to known: Sample) -> Bool {
    let passed = known.host.duration(to: sample.host).wholeNanoseconds
    let expected = known.controller + passed + passed / 1_000_000 * drift
    return (sample.controller - expected).magnitude > UInt64(error(of: known, age: passed.magnitude) + error(of: sample, age: 0))
  }

  /// How far first and last exchange are apart, once that says more about the drift than about their delays.
  private var span: (first: Sample, last: Sample, passed: Int64)? {
    guard let first = best.first, let last = best.last else { return nil }
    let passed = first.host.duration(to: last.host).wholeNanoseconds
    return passed >= 20_000_000_000 ? (first, last, passed) : nil
  }

  private var slope: Int64 { span.map { (($0.last.controller - $0.first.controller) - $0.passed) / ($0.passed / 1_000_000) } ?? 0 }

  /// Parts per million by which the controller's clock runs faster; 0 until it can be told.
  var drift: Int64 { max(-Self.greatestDrift, min(Self.greatestDrift, slope)) }

  /// By how many parts per million the drift may be another: what the delays of both ends may hide, and a quartz's wandering.
  private var driftError: Int64 { span.map { ($0.first.delay + $0.last.delay) / 2 / ($0.passed / 1_000_000) + Self.driftMargin } ?? Self.greatestDrift }

  /// The sample to reckon from: the most exact one for that moment.
  private func anchor(at moment: MonotonicInstant) -> Sample? { leastError { age(of: $0, at: moment) } }

  private func leastError(_ age: (Sample) -> UInt64) -> Sample? {
    var nearest = latest
    for sample in best {
      if let known = nearest, error(of: known, age: age(known)) <= error(of: sample, age: age(sample)) { continue }
      nearest = sample
    }
    return nearest
  }

  private func age(of sample: Sample, at moment: MonotonicInstant) -> UInt64 { sample.host.duration(to: moment).wholeNanoseconds.magnitude }

  private func error(of sample: Sample, age: UInt64) -> Int64 {
    sample.delay / 2 + (Int64(clamping: age / 1_000_000) + 1) * min(Self.greatestDrift, driftError) + 1000
  }

  /// How wrong `controllerTime` may be; nil without an exchange.
  func uncertainty(at moment: MonotonicInstant) -> Duration? {
    anchor(at: moment).map { .nanoseconds(error(of: $0, age: age(of: $0, at: moment))) }
  }

  /// The controller's microseconds at that moment.
  func controllerTime(at moment: MonotonicInstant) -> UInt64? {
    guard let anchor = anchor(at: moment) else { return nil }
    let passed = anchor.host.duration(to: moment).wholeNanoseconds
    guard passed.magnitude < 1 << 61 else { return nil }
    let time = anchor.controller + passed + passed / 1_000_000 * drift
    return time < 0 ? nil : UInt64(time / 1000)
  }

  /// This machine's moment at the controller's microsecond.
  func instant(of time: UInt64) -> MonotonicInstant? {
    guard time < 1 << 52, let anchor = leastError({ (Int64(time) * 1000 - $0.controller).magnitude }) else { return nil }
    let passed = Int64(time) * 1000 - anchor.controller
    return anchor.host.advanced(by: .nanoseconds(passed - passed / 1_000_000 * drift))
  }
}
