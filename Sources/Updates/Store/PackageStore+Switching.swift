public import Cryptography

extension PackageStore {
  /// Makes the candidate the active package, and the active one the previous; the one before that is removed.
  ///
  /// - Parameter isActiveProved: false where the active one isn't to be the one to go back to: it is removed, and the previous one stays.
  /// - Throws: `noCandidate`, `diskFull`, `storage`.
  public mutating func activate(isActiveProved: Bool = true) throws(UpdatesError) {
    guard let candidate = slots.candidate, slots.isComplete else { throw UpdatesError(.noCandidate, "no whole package waits for its activation") }
    var new = slots
    new.active = candidate
    if isActiveProved { new.previous = slots.active } else if slots.previous?.digest == candidate.digest { new.previous = nil }
    (new.candidate, new.isComplete) = (nil, false)
    try commit(new)
    sweep()
  }

  /// Makes the previous package the active one again; the one that was active failed and is never tried again.
  ///
  /// - Throws: `nothingToRollBackTo` (nothing changes), `diskFull`, `storage`.
  public mutating func rollBack() throws(UpdatesError) {
    guard let previous = slots.previous else { throw UpdatesError(.nothingToRollBackTo, "there is no package before the active one to go back to") }
    var new = slots
    if let active = slots.active { new.remember(failed: active.digest) }
    (new.active, new.previous) = (previous, nil)
    try commit(new)
    sweep()
  }

  /// Takes the active package away where there is none to go back to; it is never tried again.
  ///
  /// - Throws: `diskFull`, `storage`.
  public mutating func giveUpActive() throws(UpdatesError) {
    guard let active = slots.active else { return }
    var new = slots
    new.remember(failed: active.digest)
    new.active = nil
    try commit(new)
    sweep()
  }

  /// Makes the previous package the candidate, once its SHA-256 is checked, where it is the one that is wanted: nothing is to be fetched then.
  ///
  /// - Throws: `diskFull`, `storage`.
  public mutating func bringBack(_ package: SHA256Digest) throws(UpdatesError) -> Bool {
    guard let previous = slots.previous, previous.digest == package, !slots.failed.contains(package) else { return false }
    return try makeCandidate(ofPrevious: previous)
  }

  /// Remembers that a package failed, so that it is never tried again; where it is the candidate or the previous one it is removed.
  ///
  /// - Throws: `alreadyInstalled` for the active package, which only `rollBack` takes away; `diskFull`, `storage`.
  public mutating func reject(_ package: SHA256Digest) throws(UpdatesError) {
    guard slots.active?.digest != package else { throw UpdatesError(.alreadyInstalled, "package \(package) is the active one: roll back instead") }
    var new = slots
    new.remember(failed: package)
    if new.candidate?.digest == package { (new.candidate, new.isComplete) = (nil, false) }
    if new.previous?.digest == package { new.previous = nil }
    try commit(new)
    sweep()
  }

  /// Gives up the package on its way, and its room on the disk; it may be begun again.
  public mutating func abandonCandidate() throws(UpdatesError) {
    guard slots.candidate != nil else { return }
    var new = slots
    (new.candidate, new.isComplete) = (nil, false)
    try commit(new)
    sweep()
  }
}
