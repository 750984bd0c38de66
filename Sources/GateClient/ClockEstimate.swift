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

  private var best: [Sample] = []
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
    if best.isEmpty || spellBegan.duration(to: receivedAt) >= Self.spell {
      if best.count == Self.spells { best.removeFirst() }
      best.append(sample)
      spellBegan = receivedAt
    } else if sample.delay <= best[best.count - 1].delay {
      best[best.count - 1] = sample
    }
  }

  /// Parts per million by which the controller's clock runs faster; 0 until it can be told.
  var drift: Int64 {
    guard let first = best.first, let last = best.last else { return 0 }
    let passed = first.host.duration(to: last.host).wholeNanoseconds
    // Before, the delays' uncertainty is larger than any drift.
    guard passed >= 20_000_000_000 else { return 0 }
    let difference = (last.controller - first.controller) - passed
    return max(-Self.greatestDrift, min(Self.greatestDrift, difference / (passed / 1_000_000)))
  }

  /// The sample to reckon from: the most exact one for that moment.
  private func anchor(at moment: MonotonicInstant) -> Sample? { best.min { error(of: $0, at: moment) < error(of: $1, at: moment) } }

  private func error(of sample: Sample, at moment: MonotonicInstant) -> Int64 {
    let age = sample.host.duration(to: moment).wholeNanoseconds.magnitude
    let known = best.count > 1 && drift != 0
    return sample.delay / 2 + Int64(clamping: age / 1_000_000) * (known ? 30 : 200) + 1000
  }

  /// How wrong `controllerTime` may be; nil without an exchange.
  func uncertainty(at moment: MonotonicInstant) -> Duration? {
    anchor(at: moment).map { .nanoseconds(error(of: $0, at: moment)) }
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
    guard let anchor = best.last, time < 1 << 52 else { return nil }
    let passed = Int64(time) * 1000 - anchor.controller
    return anchor.host.advanced(by: .nanoseconds(passed - passed / 1_000_000 * drift))
  }
}
