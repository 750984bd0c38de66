import Glibc

/// Folders that many files are written to.
enum OutputFolder {
  /// Refuses a folder with something in it: files of an earlier run would mix with the new ones.
  static func checkEmpty(_ path: String) throws {
    guard let name = try names(in: path).first else { return }
    throw CommandFailure("\(path) is not empty (it has \(name)): name a new folder, or empty it first", status: .wrongUse)
  }

  /// Everything that a folder holds, hidden entries too; nothing where it isn't there yet.
  static func names(in path: String) throws -> [String] {
    guard let stream = unsafe opendir(path) else {
      guard errno == ENOENT else { throw CommandFailure("\(path): can't be used as a folder: \(unsafe String(cString: strerror(errno)))") }
      return []
    }
    defer { unsafe closedir(stream) }
    var names: [String] = []
    while let entry = unsafe readdir(stream) {
      let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { unsafe String(cString: $0.bindMemory(to: CChar.self).baseAddress!) }
      if name != ".", name != ".." { names.append(name) }
    }
    return names.sorted()
  }

  /// Refuses to begin what the disk has no room for.
  static func checkRoom(for count: Int, of byteCount: Int, in path: String) throws {
    let (needed, overflows) = count.multipliedReportingOverflow(by: byteCount)
    var facts = statvfs()
    // A folder that isn't there yet will be on its parent's disk.
    var place = path
    while unsafe statvfs(place.isEmpty ? "." : place, &facts) != 0 {
      guard let slash = place.lastIndex(of: "/") else {
        guard !place.isEmpty else { return }
        place = ""
        continue
      }
      place = slash == place.startIndex && place.count > 1 ? "/" : String(place[..<slash])
    }
    let (free, isHuge) = Int(clamping: facts.f_bavail).multipliedReportingOverflow(by: Int(clamping: facts.f_frsize))
    guard overflows || (!isHuge && needed > free) else { return }
    let wanted = overflows ? "more than any disk has" : PackageReport.size(needed)
    throw CommandFailure("\(path): \(count) files need \(wanted), \(PackageReport.size(free)) are free: ask for fewer, or name another disk")
  }
}
