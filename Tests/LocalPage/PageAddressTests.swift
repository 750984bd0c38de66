import Testing

@testable import LocalPage

@Suite struct PageAddressTests {
  @Test(arguments: [
    ("127.0.0.1:9464", "127.0.0.1:9464", true), ("localhost:80", "127.0.0.1:80", true), ("[::1]:9464", "[::1]:9464", true),
    ("0.0.0.0:9464", "0.0.0.0:9464", false), ("[::]:1", "[::]:1", false), ("192.168.1.7:65535", "192.168.1.7:65535", false),
  ])
  func `addresses are read`(text: String, written: String, isLoopback: Bool) throws {
    let address = try PageAddress(parsing: text)
    #expect(address.description == written)
    #expect(address.isLoopback == isLoopback)
  }

  @Test(arguments: [
    "", "9464", ":9464", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:+1", "127.0.0.1:9x", "::1:9464", "[::1]", "page.example:9464",
    "[127.0.0.1]:1", "127.1:9464",
  ])
  func `anything else is refused`(text: String) {
    #expect(throws: LocalPageError.self) { try PageAddress(parsing: text) }
  }

  @Test(arguments: ["localhost", "LOCALHOST:9464", "127.0.0.1", "127.0.0.1:9464", "[::1]", "[::1]:8000", "10.0.0.7:1"])
  func `hosts in numbers and localhost are answered`(host: String) {
    #expect(PageAddress.accepts(host: host))
  }

  @Test(arguments: [
    "", "evil.example", "evil.example:9464", "localhost.evil.example", "127.0.0.1.evil.example", "127.0.0.1:80@evil.example", "[::1", "::1", "localhost:x",
    "localhost:80:80", "[127.0.0.1]",
  ])
  func `other hosts aren't`(host: String) {
    #expect(!PageAddress.accepts(host: host))
  }
}
