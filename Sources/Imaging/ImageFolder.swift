import Glibc

/// Listing folders of images, without Foundation.
package enum ImageFolder {
  package struct Entry: Sendable {
    package let name: String
    package let isFolder: Bool
    /// 0 of what is no regular file, or can't be looked at.
    package let byteCount: Int
  }

  /// What a folder holds, hidden entries left out, in the order of names' bytes.
  /// - Throws: an error whose message names the folder and says why it can't be read.
  package static func entries(of path: String) throws(ImagingError) -> [Entry] {
    guard let stream = unsafe opendir(path) else { throw failure(path, errno) }
    defer { unsafe closedir(stream) }
    var entries: [Entry] = []
    while let entry = unsafe readdir(stream) {
      let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
      }
      guard !name.hasPrefix(".") else { continue }
      // What can't be looked at stays, so that reading it says why.
      var facts = stat()
      let type = unsafe stat(path + "/" + name, &facts) == 0 ? facts.st_mode & S_IFMT : 0
      entries.append(Entry(name: name, isFolder: type == S_IFDIR, byteCount: type == S_IFREG ? Int(facts.st_size) : 0))
    }
    return entries.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
  }

  /// The image files of a folder.
  package struct Images: Sendable {
    /// Of those that can be read, in the order of their bytes.
    package let names: [String]
    /// How many others there are, in formats that aren't read.
    package let foreignCount: Int
  }

  package static func images(of path: String) throws(ImagingError) -> Images {
    let files = try entries(of: path).filter { !$0.isFolder }.map(\.name)
    return Images(
      names: files.filter { RGBImage.isImageFile(named: $0) }, foreignCount: files.count { RGBImage.isForeignImageFile(named: $0) })
  }

  /// What to do about images in formats that aren't read, for a person.
  package static let foreignFormats = "PNG, WebP, TIFF, GIF and HEIC aren't read: convert them to JPEG or PPM"

  /// The path of what lies in a folder, whether or not the folder was written with slashes at its end.
  package static func path(in folder: String, _ name: String) -> String {
    var folder = folder[...]
    while folder.last == "/" { folder.removeLast() }
    return "\(folder)/\(name)"
  }

  private static func failure(_ path: String, _ number: Int32) -> ImagingError {
    switch number {
    case ENOENT: ImagingError(.missingFile, "\(path): there is no such folder; check the path")
    case ENOTDIR: ImagingError(.missingFile, "\(path): is a file; name the folder that holds the images")
    case EACCES: ImagingError(.forbiddenFile, "\(path): may not be read; give this user permission to read it")
    default: ImagingError(.unreadableFile, "\(path): can't be read (\(unsafe String(cString: strerror(number))))")
    }
  }
}
