import Glibc
import Imaging

/// Listing folders without Foundation.
enum Folder {
  struct Entry {
    let name: String
    let isFolder: Bool
  }

  /// What a folder holds, hidden entries left out, in the order of names' bytes.
  static func entries(of path: String) throws(ObjectDetectionError) -> [Entry] {
    guard let stream = unsafe opendir(path) else {
      throw ObjectDetectionError(.unreadableDataset, "can't read the folder \(path): \(unsafe String(cString: strerror(errno)))")
    }
    defer { unsafe closedir(stream) }
    var entries: [Entry] = []
    while let entry = unsafe readdir(stream) {
      let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
      }
      guard !name.hasPrefix(".") else { continue }
      var facts = stat()
      guard unsafe stat(path + "/" + name, &facts) == 0 else { continue }
      entries.append(Entry(name: name, isFolder: facts.st_mode & S_IFMT == S_IFDIR))
    }
    return entries.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
  }

  /// The image files of a folder.
  static func images(of path: String) throws(ObjectDetectionError) -> [String] {
    try entries(of: path).filter { !$0.isFolder && RGBImage.isImageFile(named: $0.name) }.map(\.name)
  }
}
