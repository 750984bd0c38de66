public import GateClient
import GateProtocol
import YAMLReading

/// `gates.NAME`: a controller that lets parts pass or rejects them, and where the camera stands.
public struct NamedGate: Equatable, Sendable {
  public var name: String
  /// `device`, the serial device, and `baud`, both sides' speed (default 115200); `travel`, from the sensor to the gate, in time or `TICKS ticks`,
  /// required; `pulse`, `debounce`, `silence`, `blocked_after`, `safe` and `unjudged`, as `GateConfiguration` has them.
  public var settings: GateSettings
  /// `camera_after`: from the sensor's edge until the part is at the exit line, or its frame is taken; `camera_before` where that is earlier.
  /// Default: 0 ms.
  public var offset = Duration.zero
  /// `tolerance`: by how much a part's moment may differ from its edge's; at most half the shortest time between two parts. Default: 20 ms.
  public var tolerance = Duration.milliseconds(20)

  public init(name: String, settings: GateSettings) { (self.name, self.settings) = (name, settings) }

  private static let positions = [("reject", GatePosition.reject), ("pass", GatePosition.pass)]
  private static let speeds = [9600, 19_200, 38_400, 57_600, 115_200, 230_400, 460_800, 921_600, 1_000_000, 2_000_000, 3_000_000]

  static func read(_ map: YAMLMapping, name: String, _ context: ConfigurationContext) -> NamedGate? {
    let device = map.required("device")?.string()
    let travel = map.required("travel").flatMap(readTravel)
    var configuration = GateConfiguration(travel: travel?.amount ?? 1_000_000)
    configuration.unit = travel?.unit ?? .microseconds
    func microseconds(_ key: String, _ range: ClosedRange<Duration>, _ member: WritableKeyPath<GateConfiguration, UInt32>) {
      if let time = map[key]?.duration(in: range) { configuration[keyPath: member] = UInt32(time / .microseconds(1)) }
    }
    microseconds("pulse", .milliseconds(1) ... .seconds(10), \.pulse)
    microseconds("debounce", .zero ... .milliseconds(100), \.debounce)
    microseconds("silence", .milliseconds(50) ... .seconds(60), \.silence)
    microseconds("blocked_after", .zero ... .seconds(3600), \.blockedAfter)
    if let position = map["safe"]?.choice(from: positions) { configuration.safePosition = position }
    if let position = map["unjudged"]?.choice(from: positions) { configuration.unjudged = position }
    var settings = GateSettings(device: device ?? "", configuration: configuration)
    if let speed = map["baud"]?.choice(from: speeds.map { ("\($0)", $0) }) { settings.baudRate = speed }
    var gate = NamedGate(name: name, settings: settings)
    gate.readMoments(map)
    warn(of: configuration, map, name, context)
    guard device != nil, travel != nil else { return nil }
    if let mistake = gate.mistake { map.report("travel", "gates.\(name): \(mistake)") }
    return gate
  }

  private mutating func readMoments(_ map: YAMLMapping) {
    let (after, before) = (map["camera_after"], map["camera_before"])
    if after != nil, before != nil {
      map.report("camera_before", "gates.\(name): \"camera_after\" is there already; the camera is behind the sensor or before it")
    }
    if let time = after?.duration(in: .zero ... .seconds(1800)) { offset = time }
    if let time = before?.duration(in: .zero ... .seconds(1800)) { offset = .zero - time }
    if let time = map["tolerance"]?.duration(in: .milliseconds(1) ... .seconds(10)) { tolerance = time }
    if settings.configuration.unit == .encoderTicks, offset != .zero {
      map.report(
        after == nil ? "camera_before" : "camera_after", "gates.\(name): with an encoder time says nothing of the way; put the camera where the sensor is")
    } else if settings.configuration.unit == .microseconds, offset >= .microseconds(Int64(settings.configuration.travel)) {
      map.report("camera_after", "gates.\(name).camera_after: the part would be at the gate before the camera sees it; travel must be longer")
    }
  }

  /// Whether a configuration may say that the camera stands there.
  func takes(offset: Duration) -> Bool {
    guard settings.configuration.unit == .microseconds else { return offset == .zero }
    return offset >= .seconds(-1800) && offset < .microseconds(Int64(settings.configuration.travel))
  }

  private static func warn(of configuration: GateConfiguration, _ map: YAMLMapping, _ name: String, _ context: ConfigurationContext) {
    if configuration.safePosition == .pass { context.warn(map["safe"], "gates.\(name).safe: in every doubt bad parts pass; \"reject\" is safer") }
    if configuration.unjudged == .pass { context.warn(map["unjudged"], "gates.\(name).unjudged: parts that nobody judged pass; \"reject\" is safer") }
  }

  /// Time, or `1200 ticks`.
  private static func readTravel(_ value: YAMLValue) -> (amount: UInt32, unit: TravelUnit)? {
    if case .scalar(let scalar) = value.node.content, scalar.text.hasSuffix("ticks") || scalar.text.hasSuffix("tick") {
      guard let count = scalar.text.split(separator: " ").first.flatMap({ UInt32($0) }), count > 0, scalar.text.split(separator: " ").count == 2 else {
        value.report("\(value.path): expected a time, as in \"350 ms\", or encoder ticks, as in \"1200 ticks\"")
        return nil
      }
      return (count, .encoderTicks)
    }
    return value.duration(in: .milliseconds(1) ... .seconds(1800)).map { (UInt32($0 / .microseconds(1)), .microseconds) }
  }

  /// What the client would refuse.
  private var mistake: String? {
    switch settings.configuration.flaw {
    case .debounce: "debounce must be shorter than travel"
    case .blockedAfter: "blocked_after must be longer than debounce, or 0 s"
    case .travel, .pulse, .silence: "travel, pulse or silence is out of range"
    case nil: nil
    }
  }
}
