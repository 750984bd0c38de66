import Updates

/// Who may pause a pipeline. It is paused while one of them says so.
enum PauseOrigin: CaseIterable, Sendable {
  /// By a signed command.
  case fleet
  /// By a spoken command.
  case voice

  fileprivate var file: String {
    switch self {
    case .fleet: "paused"
    case .voice: "paused-by-voice"
    }
  }
}

/// Which pipelines one of them has told to pause, by name: `STORAGE/paused` or `STORAGE/paused-by-voice`, a name a line. A pipeline stays paused over
/// restarts, until it is told to resume; where nobody can tell it, whoever may write there removes its line and sends SIGHUP.
struct PausedPipelines {
  private let path: String
  private(set) var names: Set<String>
  /// Why it isn't known.
  let problem: String?

  init(_ storage: StorageSettings, by origin: PauseOrigin = .fleet) {
    path = "\(storage.path)/\(origin.file)"
    let text = contents(of: path).map { String(decoding: $0, as: UTF8.self) }
    let isUnknown = text == nil && fileExists(path)
    let consequence = "so which pipelines are paused isn't known: those that were go on being so, and after a start none is"
    problem = isUnknown ? "\(path) can't be read, \(consequence); see to its rights and its disk" : nil
    names = Set((text ?? "").split(whereSeparator: \.isNewline).map(String.init))
  }

  /// On the disk once this returns; where it throws, it may be or not.
  mutating func set(_ changed: [String], paused: Bool) throws(UpdatesError) {
    if let problem { throw UpdatesError(.storage, problem) }
    let next = paused ? names.union(changed) : names.subtracting(changed)
    guard next != names else { return }
    if next.isEmpty { try removeFile(at: path) } else { try replaceFile(at: path, with: Array(next.sorted().map { "\($0)\n" }.joined().utf8)) }
    names = next
  }
}
