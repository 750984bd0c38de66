import Glibc
import Pipelines
import Updates

/// A file that is there while a device is in use: whoever starts next in the same boot knows by it of an end in the midst of that.
final class DeviceMark: @unchecked Sendable {
  private let path: String
  /// Its own: it is held while a disk is waited for.
  private let mutex = PthreadMutex()
  private var userCount = 0

  /// Whether it was left behind when this was made. An end by a power cut leaves one of another boot, which says nothing about a device.
  let isLeft: Bool

  init(_ storage: StorageSettings) {
    path = storage.path + "/device-in-use"
    let boot = bootIdentifier()
    isLeft = !boot.isEmpty && (try? readFile(path, limit: 64)).map { String(decoding: $0, as: UTF8.self) } == boot
  }

  /// One more uses a device. Where the file can't be written no later start learns of it: the models run all the same.
  func begin() {
    mutex.withLock {
      userCount += 1
      guard userCount == 1 else { return }
      try? makeFolders(folderOf(path))
      try? replaceFile(at: path, with: Array(bootIdentifier().utf8))
    }
  }

  func end() {
    mutex.withLock {
      userCount -= 1
      if userCount == 0 { unsafe unlink(path) }
    }
  }

  /// The process ends in order.
  func clear() { mutex.withLock { _ = unsafe unlink(path) } }
}
