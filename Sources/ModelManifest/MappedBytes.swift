import Glibc

/// Read-only bytes: a mapped file, or a copy in memory.
@safe final class MappedBytes: @unchecked Sendable {
  let buffer: UnsafeRawBufferPointer
  let isMapped: Bool

  init(path: String) throws(ModelPackageError) {
    let file = try ReadableFile(path)
    guard let mapped = unsafe Self.mapped(file.descriptor, file.size) else {
      throw ModelPackageError(path: path, message: "can't be mapped: \(reason(errno))")
    }
    unsafe buffer = mapped
    isMapped = true
  }

  /// - Parameters:
  ///   - folder: on whose disk the copy lies, where it can be written; else it lies in memory.
  ///   - reserve: bytes that must stay free on that disk.
  init(copying path: String, to folder: String, leaving reserve: Int) throws(ModelPackageError) {
    let file = try ReadableFile(path)
    if let copy = UnnamedFile(in: folder, for: file.size, leaving: reserve), try file.isCopied(to: copy), copy.isOnDisk,
      let mapped = unsafe Self.mapped(copy.descriptor, file.size)
    {
      unsafe buffer = mapped
      isMapped = true
      return
    }
    let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: file.size, alignment: 64)
    do throws(ModelPackageError) { unsafe try file.read(into: copy, from: 0) } catch {
      unsafe copy.deallocate()
      throw error
    }
    unsafe buffer = UnsafeRawBufferPointer(copy)
    isMapped = false
  }

  init(copying bytes: [UInt8]) {
    let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: max(bytes.count, 1), alignment: 64)
    unsafe copy.copyBytes(from: bytes)
    unsafe buffer = UnsafeRawBufferPointer(start: copy.baseAddress, count: bytes.count)
    isMapped = false
  }

  /// Whole pages within `part` of a mapped file leave the process; they are read again from the system's cache or the file.
  func release(_ part: UnsafeRawBufferPointer) {
    guard isMapped else { return }
    let (start, first) = (Int(bitPattern: part.baseAddress), unsafe Int(bitPattern: buffer.baseAddress))
    // Of other memory the bytes would be lost.
    guard start >= first, unsafe start + part.count <= first + buffer.count else { return }
    let page = Int(sysconf(Int32(_SC_PAGESIZE)))
    let begin = (start + page - 1) / page * page
    let end = (start + part.count) / page * page
    guard begin < end, let pages = unsafe UnsafeMutableRawPointer(bitPattern: begin) else { return }
    unsafe madvise(pages, end - begin, MADV_DONTNEED)
  }

  deinit {
    if isMapped {
      unsafe munmap(UnsafeMutableRawPointer(mutating: buffer.baseAddress), buffer.count)
    } else {
      unsafe buffer.deallocate()
    }
  }

  private static func mapped(_ descriptor: Int32, _ size: Int) -> UnsafeRawBufferPointer? {
    guard let base = unsafe mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor, 0), unsafe base != MAP_FAILED else { return nil }
    // Weights are read once and let go piece by piece; in large pages each small tensor that is read on would keep two megabytes.
    unsafe madvise(base, size, MADV_NOHUGEPAGE)
    return unsafe UnsafeRawBufferPointer(start: base, count: size)
  }
}

/// A regular file that is open, and not empty.
private final class ReadableFile {
  private static let blockSize = 1 << 20

  let descriptor: Int32
  let size: Int
  private let path: String

  init(_ path: String) throws(ModelPackageError) {
    // Opening a named pipe would otherwise wait for a writer.
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw ModelPackageError(path: path, message: "can't be opened: \(reason(errno))") }
    var status = stat()
    let isRegular = unsafe fstat(descriptor, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
    (self.descriptor, self.path, size) = (descriptor, path, Int(status.st_size))
    guard isRegular else { throw ModelPackageError(path: path, message: "is not a regular file") }
    guard size > 0 else { throw ModelPackageError(path: path, message: "is empty") }
  }

  deinit { close(descriptor) }

  /// Fills a buffer.
  func read(into buffer: UnsafeMutableRawBufferPointer, from position: Int) throws(ModelPackageError) {
    var done = 0
    while done < buffer.count {
      let count = unsafe pread(descriptor, buffer.baseAddress! + done, buffer.count - done, off_t(position + done))
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw ModelPackageError(path: path, message: "can't be read: \(reason(errno))") }
      guard count > 0 else {
        throw ModelPackageError(path: path, message: "became shorter while it was read: try again once whoever writes it is done")
      }
      done += count
    }
  }

  /// - Returns: whether the copy found room.
  /// - Throws: where this file can't be read.
  func isCopied(to copy: UnnamedFile) throws(ModelPackageError) -> Bool {
    let block = UnsafeMutableRawBufferPointer.allocate(byteCount: min(size, Self.blockSize), alignment: 64)
    defer { unsafe block.deallocate() }
    for position in stride(from: 0, to: size, by: Self.blockSize) {
      let part = unsafe UnsafeMutableRawBufferPointer(rebasing: block[..<min(Self.blockSize, size - position)])
      unsafe try read(into: part, from: position)
      guard unsafe copy.write(UnsafeRawBufferPointer(part), at: position) else { return false }
    }
    return true
  }
}

/// A file without a name: gone once nobody has it open or mapped, also where the power is cut.
private final class UnnamedFile {
  let descriptor: Int32

  /// - Returns: nil where the folder can't be written, or its disk would have less than `reserve` free behind `size` bytes.
  init?(in folder: String, for size: Int, leaving reserve: Int) {
    var space = statvfs()
    guard unsafe statvfs(folder, &space) == 0, UInt64(space.f_bavail) * UInt64(space.f_frsize) >= UInt64(size) + UInt64(max(0, reserve)) else { return nil }
    // O_TMPFILE, whose macro Swift doesn't see.
    let unnamed = 0o20_000_000 | O_DIRECTORY
    var descriptor = unsafe open(folder, unnamed | O_RDWR | O_CLOEXEC, 0o600)
    if descriptor < 0 {
      // Not every file system has files without a name.
      let path = "\(folder)/.model-\(UInt64.random(in: 0...UInt64.max))"
      descriptor = unsafe open(path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0o600)
      if descriptor >= 0 { unsafe unlink(path) }
    }
    guard descriptor >= 0 else { return nil }
    self.descriptor = descriptor
  }

  deinit { close(descriptor) }

  /// Whether all that was written has come to the disk: what a broken one loses later would be missing from a running model.
  var isOnDisk: Bool { fdatasync(descriptor) == 0 }

  /// - Returns: false where the disk is full, or broken.
  func write(_ bytes: UnsafeRawBufferPointer, at position: Int) -> Bool {
    var done = 0
    while done < bytes.count {
      let count = unsafe pwrite(descriptor, bytes.baseAddress! + done, bytes.count - done, off_t(position + done))
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return false }
      done += count
    }
    return true
  }
}

private func reason(_ code: Int32) -> String { unsafe String(cString: strerror(code)) }
