import Foundation
import Glibc
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
}
