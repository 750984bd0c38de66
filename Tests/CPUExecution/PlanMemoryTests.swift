import CKernels
import Testing

@testable import CPUExecution

@Suite struct PlanMemoryTests {
  /// Takes blocks, of which a share is kept, and checks that they are zeros that nobody else writes to.
  /// - Returns: their addresses.
  private func fill(_ memory: inout PlanMemory, _ sizes: [Int], keeping share: Int) throws -> [Int] {
    var addresses: [Int] = []
    for size in sizes {
      let block = try unsafe #require(memory.take(size))
      let bytes = unsafe UnsafeMutableRawBufferPointer(start: block, count: size / share)
      let areZeros = unsafe bytes.allSatisfy { $0 == 0 }
      #expect(areZeros)
      for index in 0..<bytes.count { unsafe bytes[index] = UInt8(truncatingIfNeeded: addresses.count + 1) }
      memory.keep(bytes.count, of: size)
      addresses.append(Int(bitPattern: block))
    }
    for (index, address) in addresses.enumerated() {
      #expect(address % 64 == 0)
      let bytes = unsafe UnsafeRawBufferPointer(start: UnsafeRawPointer(bitPattern: address), count: sizes[index] / share)
      let areOwn = unsafe bytes.allSatisfy { $0 == UInt8(truncatingIfNeeded: index + 1) }
      #expect(areOwn)
    }
    return addresses
  }

  @Test func `what is expected lies in one piece from a large page on, though blocks are handed out by their bounds`() throws {
    var memory = PlanMemory()
    memory.expect(3 << 20)
    let addresses = try fill(&memory, [100, 1 << 20, 3 << 20, 2 << 20], keeping: 2)
    #expect(addresses[0] % Int(SWL_LARGE_PAGE) == 0)
    #expect(zip(addresses, addresses.dropFirst()).map { $1 - $0 } == [64, 1 << 19, 3 << 19])
  }

  @Test func `more than was expected finds room elsewhere`() throws {
    var memory = PlanMemory()
    memory.expect(2 << 20)
    let addresses = try fill(&memory, [3 << 20, 5 << 20, 64, 9 << 20], keeping: 1)
    #expect(addresses.count == 4)
  }

  @Test func `little needs no large page`() throws {
    var memory = PlanMemory()
    memory.expect(1 << 20)
    _ = try fill(&memory, [1 << 20, 1, 70, 1 << 21], keeping: 1)
  }
}
