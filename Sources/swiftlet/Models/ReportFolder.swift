import Glibc

/// The folder of a comparison's page. A later report replaces an earlier one; nothing else is ever touched.
enum ReportFolder {
  static let page = "index.html"
  static let figures = "report.json"

  /// The name of the picture of one side on one image.
  static func picture(_ number: Int, _ side: String) -> String { "worst-\(number)-\(side).jpg" }

  private static func isPicture(_ name: String) -> Bool {
    guard name.hasPrefix("worst-"), name.hasSuffix(".jpg") else { return false }
    let parts = name.dropLast(4).split(separator: "-", maxSplits: 2, omittingEmptySubsequences: false)
    return parts.count == 3 && Int(parts[1]) != nil && !parts[2].isEmpty
  }

  /// Refuses a folder that holds anything but a report. A page without a report's figures is somebody else's.
  static func check(_ path: String) throws {
    let names = try OutputFolder.names(in: path)
    let own = names.contains(figures) ? [page, figures] : []
    let foreign = names.first { name in
      var facts = stat()
      let isFile = unsafe lstat("\(path)/\(name)", &facts) == 0 && facts.st_mode & S_IFMT == S_IFREG
      return !isFile || !(own.contains(name) || isPicture(name))
    }
    guard let foreign else { return }
    throw CommandFailure("\(path) holds more than an earlier report (\(foreign)): name a new folder, or empty it first", status: .wrongUse)
  }

  /// Removes the pictures of an earlier report.
  static func removePictures(in path: String, except kept: Set<String>) throws {
    for name in try OutputFolder.names(in: path) where isPicture(name) && !kept.contains(name) {
      guard unsafe unlink("\(path)/\(name)") == 0 else {
        throw CommandFailure("\(path)/\(name): an earlier report's picture can't be removed: \(unsafe String(cString: strerror(errno)))")
      }
    }
  }
}
