import Updates

/// One input of libFuzzer: whatever the bytes, an index and a stored block are read or refused, and what is read is bounded by what the index
/// states. (The packed corpus began with an index and blocks of the demo's package.)
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  let bytes = unsafe [UInt8](UnsafeBufferPointer(start: start, count: count))
  checkIndex(bytes)
  checkBlock(bytes)
  return 0
}

/// An accepted index is written as it was read, and its blocks lie in the package without gaps.
private func checkIndex(_ bytes: [UInt8]) {
  guard let index = try? BlockIndex(bytes) else { return }
  precondition(index.encoded() == bytes)
  var end = 0
  for block in index.blocks {
    precondition(block.offset == end && block.rawByteCount >= 1 && block.storedByteCount <= StoredBlock.largestByteCount)
    end = block.range.upperBound
  }
  precondition(end == index.packageByteCount)
}

/// The first two bytes say how long the block is said to be; the same bytes are also read as a frame, which few inputs would begin as.
private func checkBlock(_ bytes: [UInt8]) {
  guard bytes.count >= 2 else { return }
  let rawByteCount = Int(bytes[0]) | Int(bytes[1]) << 8
  let rest = Array(bytes[2...])
  for stored in [rest, [1, 0x28, 0xB5, 0x2F, 0xFD] + rest] {
    guard let raw = try? StoredBlock.decode(stored, rawByteCount: rawByteCount) else { continue }
    precondition(raw.count == rawByteCount)
    precondition((try? StoredBlock.decode(StoredBlock.encode(raw), rawByteCount: rawByteCount)) == raw)
  }
}
