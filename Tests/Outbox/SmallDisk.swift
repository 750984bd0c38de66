import Foundation

/// A file system of a few hundred kilobytes in memory, unmounted with its owner.
final class SmallDisk {
  let path: String

  /// Nil where mounting isn't allowed.
  init?(at path: String, size: String) {
    self.path = path
    guard (try? FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)) != nil,
      Self.run("mount", "-t", "tmpfs", "-o", "size=\(size)", "tmpfs", path)
    else { return nil }
  }

  deinit {
    _ = Self.run("umount", path)
  }

  /// Takes all the space that is left.
  func fill() throws {
    _ = FileManager.default.createFile(atPath: path + "/ballast", contents: nil)
    let ballast = try FileHandle(forWritingTo: URL(fileURLWithPath: path + "/ballast"))
    while (try? ballast.write(contentsOf: Data(count: 4096))) != nil {}
    try ballast.close()
  }

  /// Gives back what `fill` took.
  func empty() throws {
    try FileManager.default.removeItem(atPath: path + "/ballast")
  }

  func makeReadOnly() -> Bool {
    Self.run("mount", "-o", "remount,ro", path)
  }

  private static func run(_ arguments: String...) -> Bool {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = arguments
    process.standardError = FileHandle.nullDevice
    guard (try? process.run()) != nil else { return false }
    process.waitUntilExit()
    return process.terminationStatus == 0
  }
}
