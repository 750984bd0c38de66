import Glibc

extension ReleaseFolder {
  /// Keeps other processes from changing the folder until this one ends: two that sign at once would leave files that don't belong together.
  ///
  /// - Throws: `.conflict` where another one is at it.
  public func lockUntilExit() throws(ReleaseError) {
    let descriptor = unsafe open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw ReleaseError(.storage, "\(path) can't be opened: \(unsafe String(cString: strerror(errno)))") }
    // The descriptor stays open: the lock goes with it.
    guard flock(descriptor, LOCK_EX | LOCK_NB) != 0 else { return }
    close(descriptor)
    throw ReleaseError(.conflict, "another swiftlet release is at work in \(path); wait until it has ended")
  }
}
