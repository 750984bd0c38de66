import Cryptography
import JSONReading
import Outbox
import Updates

/// What updates have come to, model by model, kept over restarts: `STORAGE/updates/journal.json`.
struct UpdateJournal: Equatable {
  /// A version that this device has had.
  struct Version: Equatable {
    var version: String
    var release: Int
    var digest: String
  }

  /// How the last attempt at an update ended.
  struct Outcome: Equatable {
    enum Kind: String {
      case installed
      /// It was tested and found wanting, and never ran.
      case refused
      case rolledBack = "rolled back"
      /// It couldn't be fetched or written; it is tried again.
      case failed
    }

    var version: Version
    var kind: Kind
    var code: String?
    var reason: String?
    /// RFC 3339.
    var at: String
  }

  /// A version that runs on trial.
  struct Watch: Equatable {
    var version: Version
    /// Starts of the agent that didn't end in order since it was switched to.
    var crashes = 0
    var isRunning = true
    /// The kernel's boot in which the agent last started: an end by a power cut is no crash.
    var boot = ""
    /// What a run took before, in microseconds; nil where it isn't known, or doesn't matter.
    var before: Int?
    /// Whether that was on a device; nil where it isn't known.
    var wasOfDevice: Bool?
    /// Seconds that it has been watched, up to the last note of it.
    var watched = 0
  }

  struct Model: Equatable {
    /// Those of the slots, the newest last.
    var versions: [Version] = []
    var last: Outcome?
    var watch: Watch?
    /// How a version will have ended once the store has let it go. Written before the store is changed: power may be cut between the two.
    var intent: Outcome?

    func version(of digest: SHA256Digest?) -> Version? { digest.flatMap { digest in versions.last { $0.digest == digest.hex } } }
  }

  var models: [String: Model] = [:]
  private let path: String

  private static let versionLimit = 8

  static func path(in folder: String) -> String { folder + "/journal.json" }

  /// A damaged or missing file is an empty journal: it only informs, but for a watch, which then ends.
  init(path: String) {
    self.path = path
    guard let bytes = contents(of: path), case .object(let members)? = try? JSONParser.parse(bytes) else { return }
    for (name, value) in members { models[name] = Self.model(value) }
  }

  subscript(name: String) -> Model {
    get { models[name] ?? Model() }
    set { models[name] = newValue }
  }

  /// The trial that is under way; one of a package that isn't the active one is forgotten: a crash came between the note and the switch.
  mutating func watch(of name: String, in modelsFolder: String) -> Watch? {
    guard let watch = self[name].watch else { return nil }
    if PackageStore.slots(models: modelsFolder, name: name)?.active?.hex == watch.version.digest { return watch }
    self[name].watch = nil
    return nil
  }

  mutating func note(_ version: Version, of name: String) {
    self[name].versions.removeAll { $0.digest == version.digest }
    self[name].versions = self[name].versions.suffix(Self.versionLimit - 1) + [version]
  }

  /// - Throws: `.storage`.
  func save() throws(UpdatesError) {
    var json = JSONWriter()
    json.object { json in
      for (name, model) in models.sorted(by: { $0.key < $1.key }) {
        json.member(
          name,
          object: { json in
            json.member("versions", array: { for version in model.versions { $0.object { Self.write(version, &$0) } } })
            if let last = model.last { json.member("last", object: { Self.write(last, &$0) }) }
            if let intent = model.intent { json.member("intent", object: { Self.write(intent, &$0) }) }
            if let watch = model.watch {
              json.member(
                "watch",
                object: {
                  Self.write(watch.version, &$0)
                  $0.member("crashes", watch.crashes)
                  $0.key("running")
                  $0.boolean(watch.isRunning)
                  $0.member("boot", watch.boot)
                  if let before = watch.before { $0.member("before_us", before) }
                  if let wasOfDevice = watch.wasOfDevice {
                    $0.key("before_on_device")
                    $0.boolean(wasOfDevice)
                  }
                  $0.member("watched_s", watch.watched)
                })
            }
          })
      }
    }
    try replaceFile(at: path, with: json.bytes)
  }

  static func write(_ version: Version, _ json: inout JSONWriter) {
    json.member("version", version.version)
    json.member("release", version.release)
    json.member("sha256", version.digest)
  }

  static func write(_ outcome: Outcome, _ json: inout JSONWriter) {
    write(outcome.version, &json)
    json.member("outcome", outcome.kind.rawValue)
    if let code = outcome.code { json.member("code", code) }
    if let reason = outcome.reason { json.member("reason", reason) }
    json.member("at", outcome.at)
  }
}

// Reading what was written.
extension UpdateJournal {
  private static func model(_ value: JSONValue) -> Model {
    guard case .object(let members) = value else { return Model() }
    var model = Model()
    if case .array(let items)? = members["versions"] { model.versions = items.compactMap(version) }
    model.last = members["last"].flatMap(outcome)
    model.intent = members["intent"].flatMap(outcome)
    if let watch = members["watch"], let version = version(watch), case .object(let fields) = watch {
      model.watch = Watch(version: version)
      if case .number(let digits)? = fields["crashes"] { model.watch?.crashes = Int(digits) ?? 0 }
      if case .boolean(let isRunning)? = fields["running"] { model.watch?.isRunning = isRunning }
      model.watch?.boot = text(watch, "boot") ?? ""
      if case .number(let digits)? = fields["before_us"] { model.watch?.before = Int(digits) }
      if case .boolean(let wasOfDevice)? = fields["before_on_device"] { model.watch?.wasOfDevice = wasOfDevice }
      if case .number(let digits)? = fields["watched_s"] { model.watch?.watched = max(0, Int(digits) ?? 0) }
    }
    return model
  }

  private static func outcome(_ value: JSONValue) -> Outcome? {
    guard let version = version(value), let kind = text(value, "outcome").flatMap(Outcome.Kind.init) else { return nil }
    return Outcome(version: version, kind: kind, code: text(value, "code"), reason: text(value, "reason"), at: text(value, "at") ?? "")
  }

  private static func version(_ value: JSONValue) -> Version? {
    guard case .object(let members) = value, case .number(let digits)? = members["release"], let release = Int(digits), let version = text(value, "version"),
      let digest = text(value, "sha256")
    else { return nil }
    return Version(version: version, release: release, digest: digest)
  }

  private static func text(_ value: JSONValue, _ name: String) -> String? {
    guard case .object(let members) = value, case .string(let text)? = members[name] else { return nil }
    return text
  }
}
