import Foundation
import Glibc
import TestPackages
import Testing

@testable import ModelManifest

@Suite struct ModelPackageTests {
  @Test(.timeLimit(.minutes(1))) func `a named pipe is refused rather than waited on`() throws {
    let path = NSTemporaryDirectory() + "swiftlet-pipe-\(UUID().uuidString)"
    let status = unsafe mkfifo(path, 0o600)
    try #require(status == 0)
    defer { _ = unsafe unlink(path) }
    let error = #expect(throws: ModelPackageError.self) { try ModelPackage(contentsOf: path) }
    #expect(error?.description == "\(path): is not a regular file")
  }

  private struct Folder: ~Copyable {
    let path = NSTemporaryDirectory() + "swiftlet-package-\(UUID().uuidString)"
    init() throws { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }
    deinit { try? FileManager.default.removeItem(atPath: path) }
  }

  @Test(arguments: [(true, 0), (false, 0), (true, Int.max / 2)]) func `a copy stays as it is, whatever becomes of the file`(
    place: (isThere: Bool, reserve: Int)
  ) throws {
    let folder = try Folder()
    let path = folder.path + "/model.swiftlet"
    let bytes = FixedPackage.bytes()
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    // Where the folder can't be written, or its disk hasn't that much room, memory takes it.
    let package = try ModelPackage(copying: path, to: place.isThere ? folder.path : folder.path + "/none", leaving: place.reserve)
    #expect(package.isInMemory == (!place.isThere || place.reserve > 0))
    let original = try ModelPackage(bytes, origin: "original")
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["model.swiftlet"])
    let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
    try file.truncate(atOffset: 0)
    try file.write(contentsOf: Data(repeating: 1, count: bytes.count / 2))
    try file.close()
    #expect(package.origin == path && package.byteCount == bytes.count && package.manifest == original.manifest)
    for _ in 0..<2 {
      let isEqual = unsafe package.weights.elementsEqual(original.weights)
      #expect(isEqual)
      // What was let go comes back from the copy.
      unsafe package.release(package.weights)
    }
    #expect(throws: ModelPackageError.self) { try ModelPackage(copying: path, to: folder.path) }
  }

  @Test func `what can't be copied is named as what can't be opened`() throws {
    let folder = try Folder()
    let empty = folder.path + "/empty"
    try Data().write(to: URL(fileURLWithPath: empty))
    for (path, words) in [(folder.path + "/none", "can't be opened"), (folder.path, "is not a regular file"), (empty, "is empty")] {
      let copying = #expect(throws: ModelPackageError.self) { try ModelPackage(copying: path, to: folder.path) }
      let mapping = #expect(throws: ModelPackageError.self) { try ModelPackage(contentsOf: path) }
      #expect(copying == mapping && copying?.message.contains(words) == true)
    }
  }
}
