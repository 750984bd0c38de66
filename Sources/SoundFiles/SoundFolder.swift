import Glibc

/// Listing folders of sound files, without Foundation.
public enum SoundFolder {
  private static let endings = [".wav", ".flac"]

  /// The sound files that a path names: the file itself, or those of the folder (hidden ones and folders below it left out), in the order of
  /// their names' bytes.
  /// - Throws: where a folder can't be read or holds no WAV or FLAC file.
  public static func files(of path: String) throws(SoundFileError) -> [String] {
    var facts = stat()
    guard unsafe stat(path, &facts) == 0 else { throw SoundFile.failure(path, errno) }
    guard facts.st_mode & S_IFMT == S_IFDIR else { return [path] }
    guard let stream = unsafe opendir(path) else { throw SoundFile.failure(path, errno) }
    defer { unsafe closedir(stream) }
    var names: [String] = []
    while let entry = unsafe readdir(stream) {
      let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
      }
      if !name.hasPrefix("."), isSoundFile(named: name) { names.append(name) }
    }
    guard !names.isEmpty else { throw SoundFileError(.missingFile, "\(path): holds no WAV or FLAC file") }
    var folder = path[...]
    while folder.last == "/" { folder.removeLast() }
    return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }.map { "\(folder)/\($0)" }
  }

  static func isSoundFile(named name: String) -> Bool {
    let name = name.lowercased()
    return endings.contains { name.hasSuffix($0) }
  }
}
