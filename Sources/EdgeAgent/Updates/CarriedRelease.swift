/// Where a release that was carried to the device lies in the agent's storage.
public struct CarriedRelease: Sendable {
  /// A copy that isn't whole yet.
  public let draft: String
  /// What the agent takes.
  public let waiting: String
  /// What it has taken.
  public let done: String
  /// What came of it: `taken`, or why not, in one line.
  public let outcome: String

  public init(_ storage: StorageSettings) {
    waiting = ReleaseStick.waiting(in: storage.updatesFolder)
    (draft, done) = (waiting + ".new", waiting + ".done")
    outcome = ReleaseStick.outcome(in: storage.updatesFolder)
  }
}
