import Imaging

/// A data set's folders; what can't be read names the folder.
enum Folder {
  static func entries(of path: String) throws(ObjectDetectionError) -> [ImageFolder.Entry] {
    do throws(ImagingError) { return try ImageFolder.entries(of: path) } catch { throw ObjectDetectionError(.unreadableDataset, error.message) }
  }

  static func images(of path: String) throws(ObjectDetectionError) -> ImageFolder.Images {
    do throws(ImagingError) { return try ImageFolder.images(of: path) } catch { throw ObjectDetectionError(.unreadableDataset, error.message) }
  }
}
