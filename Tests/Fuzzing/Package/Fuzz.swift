import CPUExecution
import Inference
import ModelFormat
import ModelManifest

/// One input of libFuzzer: whatever the bytes, the reader gives a package or an error. Read twice: as they are, and with the checksums
/// that a hostile author would give them, so that what lies behind those is reached. (`case-bundle-writer --packages` writes real
/// packages to begin with.)
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  var bytes = unsafe [UInt8](UnsafeBufferPointer(start: start, count: count))
  _ = try? ModelPackage(bytes, origin: "fuzz")
  renewChecksums(&bytes)
  guard let package = try? ModelPackage(bytes, origin: "fuzz"), package.program.arenaByteCount <= 1 << 22 else { return 0 }
  _ = try? unsafe Session<CPUBackend>(program: package.program, weights: package.weights, owner: package, options: CPUOptions())
  return 0
}

/// Writes the CRC-32C of every section that lies inside the file, then the header's own.
private func renewChecksums(_ bytes: inout [UInt8]) {
  guard bytes.count >= PackageLayout.headerByteCount else { return }
  let header = PackageLayout.headerByteCount, entry = PackageLayout.entryByteCount
  let count = min(Int(bytes.number(at: 12, 4)), PackageLayout.largestSectionCount, (bytes.count - header) / entry)
  for index in 0..<count {
    let place = header + index * entry
    let offset = Int(clamping: bytes.number(at: place + 8, 8)), length = Int(clamping: bytes.number(at: place + 16, 8))
    guard offset <= bytes.count, length <= bytes.count - offset else { continue }
    let sum = unsafe bytes.withUnsafeBytes { unsafe CyclicRedundancyCheck.of(UnsafeRawBufferPointer(rebasing: $0[offset..<offset + length])) }
    bytes.write(sum, at: place + 24)
  }
  var covered = Array(bytes[..<(header + count * entry)])
  for position in Array(24..<28) + Array(PackageLayout.digestRange) { covered[position] = 0 }
  bytes.write(unsafe covered.withUnsafeBytes { unsafe CyclicRedundancyCheck.of($0) }, at: 24)
}

extension [UInt8] {
  fileprivate func number(at offset: Int, _ length: Int) -> UInt64 { self[offset..<offset + length].reversed().reduce(0) { $0 << 8 | UInt64($1) } }
  fileprivate mutating func write(_ value: UInt32, at offset: Int) {
    for byte in 0..<4 { self[offset + byte] = UInt8(truncatingIfNeeded: value >> (8 * byte)) }
  }
}
