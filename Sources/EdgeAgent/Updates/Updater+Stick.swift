import Glibc
import Updates

extension Updater {
  var hasStick: Bool { !leavesStick && (try? checkFolder(ReleaseStick.waiting(in: folder))) != nil }

  /// Takes a release that somebody carried here, by the same rules as one from the broker, and says what came of it.
  func takeStick() {
    guard hasStick else { return }
    let path = ReleaseStick.waiting(in: folder)
    log.notice("updates: taking the release in \(path)")
    let isWhole = look(at: .stick(ReleaseStick(folder: path)))
    let text: String
    if let code = check.code { text = "\(code): \(check.reason ?? "")" } else { text = isWhole ? "taken" : "not all of it could be taken; see the log" }
    do throws(UpdatesError) { try replaceFile(at: ReleaseStick.outcome(in: folder), with: Array("\(text)\n".utf8)) } catch {
      log.error("updates: \(error.message)")
    }
    // Whoever laid it there removes what this user may not.
    let done = "\(path).done"
    guard unsafe rename(path, done) == 0 || errno == ENOENT else {
      leavesStick = true
      log.error("updates: \(path) can't be put away: \(reason(errno)); remove it, and start the agent again")
      return
    }
  }
}
