import YAMLReading

/// `updates`: model releases over the broker. Without this section models change only by hand.
public struct UpdateSettings: Equatable, Sendable {
  /// `channel`: which releases concern this device; letters, digits, `-` and `_`; required.
  public var channel: String
  /// `root`: the root metadata that the fleet manager gave out, from which trust begins; a file; required.
  public var rootPath: String
  /// `check`: how often the broker is asked beside being heard of by it; 1 min to 7 d, default 1 h.
  public var interval: Duration = .seconds(3600)
  /// `bandwidth`: most bytes a second that a download takes, from 1 kB. Default: no limit.
  public var bandwidth: Int?
  /// `hours`: when downloads may run, in the device's local time, as `22:00-05:00`. Default: at any time.
  public var hours: DailyHours?
  /// `watch`: how long a new version is watched, from its first frame on, before it counts as good; 1 s to 1 d, default 10 min.
  public var watchTime: Duration = .seconds(600)
  /// `slower`: how many times as long as the version before a new one may take; 1 to 100, default 2.
  public var slowdownLimit: Double = 2
  /// `shadow`: `frames` (1 to 1,000,000; default 200) of the camera's that a new version looks at beside the one that runs before it takes its
  /// place, and the least share (`agreement`, 0 to 1; default 0.9) to which both must find the same. Default: none.
  public var shadow: ShadowSettings?
  /// `patience`: how long the broker may take to hand out what it retains, and a sixth of how long to answer at all; 1 s to 1 min,
  /// default 5 s.
  public var patience: Duration = .seconds(5)

  /// `spread`: a fleet hears of a release at once; each device waits a random part of this before it asks. 0 s to 1 d, default 10 s.
  public var spread: Duration = .seconds(10)

  public init(channel: String, rootPath: String) { (self.channel, self.rootPath) = (channel, rootPath) }

  static func read(_ map: YAMLMapping, _ context: ConfigurationContext) -> UpdateSettings? {
    let channel = map.required("channel")?.identifier()
    let root = map.required("root").flatMap { context.file($0) }
    var settings = UpdateSettings(channel: channel ?? "", rootPath: root ?? "")
    if let interval = map["check"]?.duration(in: .seconds(60) ... .seconds(604_800)) { settings.interval = interval }
    settings.bandwidth = map["bandwidth"]?.byteCount(in: 1000...1_000_000_000_000)
    settings.hours = map["hours"].flatMap { value in
      guard let text = value.string() else { return nil }
      guard let hours = DailyHours(text) else {
        value.report("\(value.path): \"\(text)\" is no span of the day; write it as 22:00-05:00")
        return nil
      }
      return hours
    }
    if let time = map["watch"]?.duration(in: .seconds(1) ... .seconds(86_400)) { settings.watchTime = time }
    if let limit = map["slower"]?.float(in: 1...100) { settings.slowdownLimit = limit }
    settings.shadow = map["shadow"]?.mapping(ShadowSettings.read)
    if let time = map["patience"]?.duration(in: .seconds(1) ... .seconds(60)) { settings.patience = time }
    if let time = map["spread"]?.duration(in: .zero ... .seconds(86_400)) { settings.spread = time }
    return channel == nil || root == nil ? nil : settings
  }
}

/// `shadow` of `updates`: a comparison on live frames.
public struct ShadowSettings: Equatable, Sendable {
  public var frameCount = 200
  public var agreement = 0.9

  public init() {}

  static func read(_ map: YAMLMapping) -> ShadowSettings? {
    var settings = ShadowSettings()
    if let count = map["frames"]?.int(in: 1...1_000_000) { settings.frameCount = count }
    if let share = map["agreement"]?.float(in: 0...1) { settings.agreement = share }
    return settings
  }
}

/// A span of each day, maybe over midnight.
public struct DailyHours: Equatable, Sendable {
  /// Minutes since midnight.
  let begin: Int
  let end: Int

  /// Reads `22:00-05:00`; nil for anything else, and for a span without length.
  public init?(_ text: String) {
    let ends = text.split(separator: "-", omittingEmptySubsequences: false).map(Self.minutes)
    guard ends.count == 2, let begin = ends[0], let end = ends[1], begin != end else { return nil }
    (self.begin, self.end) = (begin, end)
  }

  private static func minutes(_ text: Substring) -> Int? {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 2, parts.allSatisfy({ $0.utf8.count == 2 && $0.utf8.allSatisfy { (0x30...0x39).contains($0) } }), let hour = Int(parts[0]),
      let minute = Int(parts[1]), hour < 24 || (hour == 24 && minute == 0), minute < 60
    else { return nil }
    return hour * 60 + minute
  }

  /// Minutes from `minute` of the day until it begins; 0 within it.
  func minutes(until minute: Int) -> Int { contains(minute: minute) ? 0 : (begin - minute + 1440) % 1440 }

  /// Whether the span has the minute of the day.
  public func contains(minute: Int) -> Bool { begin < end ? (begin..<end).contains(minute) : minute >= begin || minute < end }
}
