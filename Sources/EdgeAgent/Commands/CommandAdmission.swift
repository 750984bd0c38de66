import Pipelines
import Updates

/// Which signed commands a device takes: those by the keys that the fleet's trusted metadata name, for this device, each once and in time.
final class CommandAdmission: @unchecked Sendable {
  private let folder: String
  private let device: String
  private let mutex = PthreadMutex()
  private var authority: CommandAuthority?

  /// - Parameter folder: `STORAGE/updates`, which exists.
  init(folder: String, site: String, device: String) { (self.folder, self.device) = (folder, "\(site)/\(device)") }

  /// - Parameter authority: of the newest metadata that are trusted; nil where nobody may give commands, or no metadata are trusted.
  func trust(_ authority: CommandAuthority?) { mutex.withLock { self.authority = authority } }

  private var counterFile: String { folder + "/command-counter" }

  /// Takes a command: once this returns it is never taken again, whatever happens before it is carried out. One thread at a time; waits for
  /// the disk.
  ///
  /// - Throws: why it isn't obeyed; nothing is noted then.
  func admit(_ bytes: [UInt8]) throws(UpdatesError) -> SignedCommand {
    guard let authority = mutex.withLock({ authority }) else {
      throw UpdatesError(
        .unavailable, "this device trusts no key for orders: it hasn't read the fleet's metadata yet (try again in a moment), or they name none")
    }
    let now = TrustedClock(path: folder + "/time").time(DateTime(seconds: MonotonicClock.wallTime().seconds))
    let command = try authority.command(in: bytes, for: device, after: try lastCounter(authority.keyIDs), at: now)
    let words = [String(command.counter)] + authority.keyIDs.sorted()
    try replaceFile(at: counterFile, with: Array("\(words.joined(separator: " "))\n".utf8))
    return command
  }

  /// Whoever had stolen a key may have driven the counter up, so that nothing comes after it. Once the fleet has exchanged all keys that counted
  /// when the last command was taken, nothing that they signed counts any more, and counters begin anew.
  private func lastCounter(_ keyIDs: Set<String>) throws(UpdatesError) -> Int {
    guard fileExists(counterFile) else { return 0 }
    let text = contents(of: counterFile).map { String(decoding: $0, as: UTF8.self) }
    let words = text?.split(whereSeparator: \.isWhitespace) ?? []
    guard words.count >= 2, let counter = Int(words[0]), counter >= 0 else {
      throw UpdatesError(.damagedStore, "\(counterFile) is damaged: which commands are old isn't known; remove it once the last order has expired")
    }
    return keyIDs.isDisjoint(with: words.dropFirst().map(String.init)) ? 0 : counter
  }
}
