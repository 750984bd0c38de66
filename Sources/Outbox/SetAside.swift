import Glibc
import Pipelines

/// Moves a damaged file out of the way, for someone to look at, without letting such files fill the disk.
enum SetAside {
  /// Renames `path` to `path.damaged-TIME`, its log with it; of earlier ones only the latest stays. One that is sound, but of a later format,
  /// becomes `path.format-N-TIME`, and all of those stay: they hold results.
  ///
  /// - Returns: the new name.
  static func move(_ path: String, because error: OutboxError) throws(OutboxError) -> String {
    let time = MonotonicClock.wallTime().rfc3339.filter { $0.isNumber || $0 == "T" }.prefix(15)
    let stem = "\(path).\(error.laterFormat.map { "format-\($0)" } ?? "damaged")-\(time)Z"
    var name = stem
    var attempt = 1
    while unsafe access(name, F_OK) == 0 {
      attempt += 1
      name = "\(stem)-\(attempt)"
    }
    if error.laterFormat == nil { removeAllButLatest(of: path) }
    guard unsafe rename(path, name) == 0 else {
      let reason = unsafe String(cString: strerror(errno))
      throw OutboxError(.unavailable, "the outbox ‘\(path)’ can't be put aside (\(reason)); move it away by hand")
    }
    // A log without its file would be played into the next one.
    if unsafe rename("\(path)-wal", "\(name)-wal") != 0 { _ = unsafe unlink("\(path)-wal") }
    _ = unsafe unlink("\(path)-shm")
    _ = unsafe unlink("\(path)-journal")
    return name
  }

  private static func removeAllButLatest(of path: String) {
    let slash = path.lastIndex(of: "/")
    let folder = slash.map { String(path[...$0]) } ?? "./"
    let prefix = (slash.map { String(path[path.index(after: $0)...]) } ?? path) + ".damaged-"
    guard let stream = unsafe opendir(folder) else { return }
    defer { unsafe closedir(stream) }
    var names: [String] = []
    while let entry = unsafe readdir(stream) {
      let name = unsafe withUnsafeBytes(of: entry.pointee.d_name) { unsafe String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
      if name.hasPrefix(prefix) { names.append(name) }
    }
    let latest = names.filter { !$0.hasSuffix("-wal") }.max()
    for name in names where name != latest && name != latest.map({ $0 + "-wal" }) { _ = unsafe unlink(folder + name) }
  }
}
