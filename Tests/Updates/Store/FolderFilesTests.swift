import Foundation
import Testing

@testable import Updates

/// The store on a real file system.
@Suite final class FolderFilesTests {
  private let folder = FileManager.default.temporaryDirectory.appendingPathComponent("swiftlet-store-\(UUID().uuidString)").path

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  @Test func `an update, a restart and the way back leave the files that the slots name`() throws {
    let shelf = try PackageShelf()
    var store = try PackageStore(models: folder, name: "surface-defects")
    try store.install(shelf.first)
    try store.begin(shelf.second.index)
    try store.fetch(shelf.second, limit: 1)
    try store.sync()
    store = try PackageStore(models: folder, name: "surface-defects")
    try store.install(shelf.second)
    let path = try #require(store.active?.path)
    #expect(FileManager.default.contents(atPath: path) == Data(shelf.second.file))
    try store.rollBack()
    #expect(store.findings.isEmpty)
    let names = try FileManager.default.contentsOfDirectory(atPath: folder + "/surface-defects")
    #expect(Set(names) == [Slots.fileName, PackageStore.packageName(shelf.first.digest), PackageStore.indexName(shelf.first.digest)])
  }

  @Test func `files are made, written, read, renamed and removed`() throws {
    let files = try FolderFiles(folder + "/a/b")
    try files.create("x", byteCount: 10_000)
    #expect(try files.byteCount(of: "x") == 10_000)
    try files.write([1, 2, 3], to: "x", at: 5000)
    try files.sync("x")
    #expect(try files.read("x", in: 4999..<5004) == [0, 1, 2, 3, 0])
    try files.create("x", byteCount: 2)
    #expect(try files.read("x", in: 0..<2) == [0, 0])
    #expect(throws: UpdatesError.self) { try files.read("x", in: 0..<3) }
    try files.rename("x", to: "y")
    try files.syncFolder()
    #expect(try files.names() == ["y"])
    #expect(try files.byteCount(of: "x") == nil)
    try files.remove("y")
    #expect(try files.names() == [])
    #expect(try files.freeByteCount() > 0)
  }

  @Test func `a failure names the file, the reason and what to do`() throws {
    let files = try FolderFiles(folder)
    let error = #expect(throws: UpdatesError.self) { try files.remove("x") }
    #expect(error?.message == "\(folder)/x can't be removed: No such file or directory; see to its folder's rights and its disk")
    // No one may make the store follow a link out of its folder.
    try FileManager.default.createSymbolicLink(atPath: folder + "/link", withDestinationPath: "/etc/hostname")
    #expect(throws: UpdatesError.self) { try files.byteCount(of: "link") }
    #expect(throws: UpdatesError.self) { try files.read("link", in: 0..<1) }
    #expect(throws: UpdatesError.self) { try FolderFiles("/proc/swiftlet/x") }
  }

  @Test(arguments: ["", ".", "..", ".hidden", "-x", "a/b", "ä", "a b", String(repeating: "x", count: 65)])
  func `no store has a name that leaves its folder`(name: String) {
    let error = #expect(throws: UpdatesError.self) { _ = try PackageStore(models: folder, name: name) }
    #expect(error?.code == .invalidName)
    #expect(!FileManager.default.fileExists(atPath: folder))
  }

  @Test(arguments: ["a", "surface-defects", "Yolo.v8_n", String(repeating: "x", count: 64)])
  func `plain names are taken`(name: String) { #expect(PackageStore.isModelName(name)) }
}
