/// Where the gate stands, and what is to become of a part. The two values differ in every bit.
public enum GatePosition: UInt8, Sendable {
  case pass = 0x3C
  case reject = 0xC3

  public var opposite: GatePosition { self == .pass ? .reject : .pass }
}

/// What travel is measured in.
public enum TravelUnit: UInt8, Sendable {
  /// A belt of constant speed: microseconds.
  case microseconds = 1
  /// A belt with an encoder: its ticks.
  case encoderTicks = 2
}

/// What the controller must know of its gate. It forgets it when it restarts.
public struct GateConfiguration: Sendable, Equatable {
  /// What one is refused for.
  public enum Flaw: UInt8, Sendable {
    /// Zero, or more than 30 minutes of microseconds.
    case travel = 1
    /// Less than 1 ms or more than 10 s.
    case pulse = 2
    /// More than 100 ms, or in microseconds as long as the travel.
    case debounce = 3
    /// Less than 50 ms or more than 60 s.
    case silence = 4
    /// Not longer than debouncing.
    case blockedAfter = 5
  }

  public var unit = TravelUnit.microseconds
  /// Where the gate stands without power, without an agent and in every other doubt; the output is driven in the other position.
  public var safePosition = GatePosition.reject
  /// What becomes of a part that reaches the gate before its order.
  public var unjudged = GatePosition.reject
  /// From the part-present sensor's edge to the moment at which the gate must act, in `unit`. Take off what the actuator itself needs.
  public var travel: UInt32
  /// How long a reject lasts, in microseconds.
  public var pulse: UInt32 = 60_000
  /// How long the sensor must be quiet before an edge counts, in microseconds; the edge's time is that of its first change.
  public var debounce: UInt32 = 1000
  /// After so many microseconds without a valid frame of the agent the gate takes its safe position.
  public var silence: UInt32 = 500_000
  /// A sensor that sees a part for longer, in microseconds, is reported as blocked, and the gate held safe until what it may have hidden is past;
  /// 0 never. Parts that it hides sooner aren't noticed: little more than the longest part takes is best.
  public var blockedAfter: UInt32 = 3_000_000

  public init(travel: UInt32) { self.travel = travel }

  /// The first thing wrong with it.
  public var flaw: Flaw? {
    if travel == 0 || unit == .microseconds && travel > 1_800_000_000 { return .travel }
    if pulse < 1000 || pulse > 10_000_000 { return .pulse }
    if debounce > 100_000 || unit == .microseconds && debounce >= travel { return .debounce }
    if silence < 50_000 || silence > 60_000_000 { return .silence }
    if blockedAfter != 0 && blockedAfter <= debounce { return .blockedAfter }
    return nil
  }

  /// Tells configurations apart; never 0.
  public var digest: UInt32 {
    var bytes = FrameBytes()
    write(to: &bytes)
    var check = FrameCheck()
    for index in 0..<bytes.count { check.update(bytes[index]) }
    return check.value == 0 ? 1 : check.value
  }

  func write(to bytes: inout FrameBytes) {
    bytes.append(unit.rawValue)
    bytes.append(safePosition.rawValue)
    bytes.append(unjudged.rawValue)
    bytes.append(travel)
    bytes.append(pulse)
    bytes.append(debounce)
    bytes.append(silence)
    bytes.append(blockedAfter)
  }

  init?(from fields: inout FieldReader) {
    guard let unit = TravelUnit(rawValue: fields.take() ?? 0), let safe = GatePosition(rawValue: fields.take() ?? 0),
      let unjudged = GatePosition(rawValue: fields.take() ?? 0), let travel = fields.take(UInt32.self), let pulse = fields.take(UInt32.self),
      let debounce = fields.take(UInt32.self), let silence = fields.take(UInt32.self), let blockedAfter = fields.take(UInt32.self)
    else { return nil }
    self.init(travel: travel)
    (self.unit, safePosition, self.unjudged) = (unit, safe, unjudged)
    (self.pulse, self.debounce, self.silence, self.blockedAfter) = (pulse, debounce, silence, blockedAfter)
  }
}

/// What became of a configuration.
public struct ConfigureReply: Sendable, Equatable {
  /// Of the configuration that was sent.
  public var digest: UInt32
  /// Nil where it is in force now.
  public var flaw: GateConfiguration.Flaw?

  public init(digest: UInt32, flaw: GateConfiguration.Flaw?) { (self.digest, self.flaw) = (digest, flaw) }

  func write(to bytes: inout FrameBytes) {
    bytes.append(digest)
    bytes.append(flaw?.rawValue ?? 0)
  }

  init?(from fields: inout FieldReader) {
    guard let digest = fields.take(UInt32.self), let flaw = fields.take(UInt8.self), flaw == 0 || GateConfiguration.Flaw(rawValue: flaw) != nil else {
      return nil
    }
    self.init(digest: digest, flaw: GateConfiguration.Flaw(rawValue: flaw))
  }
}
