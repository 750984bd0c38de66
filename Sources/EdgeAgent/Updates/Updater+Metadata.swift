import Pipelines
import Updates

extension Updater {
  /// Brings the trusted metadata up to date and reads the offer out of them.
  func currentOffer(from source: ReleaseSource) throws(UpdatesError) -> ReleaseOffer {
    let store = MetadataFolder(folder + "/metadata")
    try beginWithRoot(store)
    var clock = TrustedClock(path: folder + "/time")
    let now = clock.time(DateTime(seconds: MonotonicClock.wallTime().seconds))
    var client = try UpdateClient(store: store, source: source, startTime: now)
    defer { (check.root, check.timestamp) = (client.rootVersion, client.timestampVersion) }
    // First: what is wrong with a package or a halt doesn't bring a key back that was taken away.
    admission.trust(try client.commandAuthority())
    let offer = try client.offer()
    // Each time would wear the flash.
    if now.seconds - clock.floor.seconds >= 3600 { try clock.raise(to: now) }
    (check.code, check.reason, check.at) = (nil, nil, MonotonicClock.wallTime().rfc3339)
    return offer
  }

  /// Before the broker is reached, commands count by the metadata that were trusted last. What is wrong with those shows at the first look.
  func trustKept() {
    let store = MetadataFolder(folder + "/metadata")
    let now = TrustedClock(path: folder + "/time").time(DateTime(seconds: MonotonicClock.wallTime().seconds))
    guard (try? beginWithRoot(store)) != nil, var client = try? UpdateClient(store: store, source: KeptMetadata(store), startTime: now) else { return }
    admission.trust((try? client.commandAuthority()) ?? nil)
  }

  /// Trust begins with the file that the configuration names. Where somebody puts another one there, who may do so may begin anew.
  private func beginWithRoot(_ store: MetadataFolder) throws(UpdatesError) {
    guard let given = contents(of: settings.rootPath) else {
      throw UpdatesError(.storage, "\(settings.rootPath) can't be read: install the root.json that the fleet manager gave you")
    }
    let first = folder + "/first-root.json"
    if contents(of: first) == given, store.load("root") != nil { return }
    admission.trust(nil)
    for role in ["timestamp", "snapshot", "targets", Halt.role] { try store.remove(role) }
    try store.save("root", given)
    try replaceFile(at: first, with: given)
  }
}
