import Imaging

/// A data set's folders; what can't be read names the folder.
enum Folder {
  static func entries(of path: String) throws(ObjectDetectionError) -> [ImageFolder.Entry] {
    do throws(ImagingError) { return try ImageFolder.entries(of: path) } catch { throw ObjectDetectionError(.unreadableDataset, error.message) }
  }

  /// The image files of a folder.
  static func images(of path: String) throws(ObjectDetectionError) -> [String] {
    do throws(ImagingError) { return try ImageFolder.imageNames(of: path) } catch { throw ObjectDetectionError(.unreadableDataset, error.message) }
  }
}
