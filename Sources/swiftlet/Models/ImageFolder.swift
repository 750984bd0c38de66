import Glibc
import Imaging

/// The image files of a folder, sorted by name.
enum ImageFolder {
  static func files(in folder: String) throws -> [String] {
    guard let directory = unsafe opendir(folder) else {
      throw CommandFailure("\(folder): can't be opened as a folder: \(unsafe String(cString: strerror(errno)))")
    }
    defer { unsafe closedir(directory) }
    var names: [String] = []
    while let entry = unsafe readdir(directory) {
      let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { unsafe String(cString: $0.bindMemory(to: CChar.self).baseAddress!) }
      if RGBImage.isImageFile(named: name) { names.append(name) }
    }
    guard !names.isEmpty else { throw CommandFailure("\(folder): has no images (JPEG, BMP, PPM or PGM)") }
    return names.sorted().map { "\(folder)/\($0)" }
  }
}
