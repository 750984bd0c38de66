import Cryptography

/// Keys and signatures that other software made.
enum KeySamples {
  struct Sample: Sendable {
    let scheme: SignatureScheme
    let key: String
    let signature: String
  }

  static let all = [ecdsa, rsaPSS, rsaPKCS1]

  static let ecdsa = Sample(
    scheme: .ecdsaP256, key: ecdsaKey,
    signature: "304402200915fe99a86dd30e55feabf714f63e54b061056f10a2dfce3683a64d8e80728502203c8ea59750e5d8e5fa4e11f13ba26caca864941299f13d577192"
      + "58c0c3f54fe0")

  static let rsaPSS = Sample(
    scheme: .rsaPSS, key: rsaKey,
    signature: "7586966590e9c60846a6a96f7b68cac1ff4966a108a19b0bcce5a149e54600065160483d15892fd0838c30b15612354371cca93bb1829e36493bb94b412edf4a"
      + "23df1fccd5a3a2167f79b021f636eeb0c1e7e6371f5b4a610750670a25f7b91507a58eb960121f95dcbecaf5cb17c135a329b46ea500dbab37f6853550a99107"
      + "8c85fef98bf2ffa437635d9296c4edf095d6e79d2a9ff9592cabb67e8a97b36b13e5c33dd15edd57afe534953d1f7ed32ca0ff86d52bc739b00f34c1a563a203"
      + "b02117039fee0e6c3bb0dc8570ba23d6a3eee9e7a06743f0338bda37abcc48f7ff07f15975eeff0cef6e5c176e5de8cb22124c8ac7c5d0274e947aba593d7eb8")

  static let rsaPKCS1 = Sample(
    scheme: .rsaPKCS1, key: rsaKey,
    signature: "4fbb443dc9cc17855ea8dbfb2529fa388ed19d6fc2453b83fcd83fc9c1ef0488846300a889c841154badccc0a40b1841753f8d23b19fb2108b959c9b1139f9f9"
      + "73002eec89e8ff276e8baa3aecaafac3604cb6de251cdf947e21007135da44c4d5601186ed40f56628ddd796d18c214c431d56d43056460705f4eeb544d208c4"
      + "de9ecb7ca5e5a48a5b82f8e672674afb47b497cf8d40d960249208a2bc73cda4d268fce743190f608b4c88ededfdd6ddfaef6a02634b5551a1419cc0a12143cf"
      + "36eb42bd8b04866ab26bbf156f62839918c03176329b90823a0191ca0f924810ddbfffc503492ac034079cbfe9f3ba6e07e200df00af553bb66c311082f58ba0")

  private static let ecdsaKey = """
    -----BEGIN PUBLIC KEY-----
    MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEspxGTVj8wsbIB2MnU2UXDkUHQjXm
    4712BEouEtDJ1CSdn7B4ITcr25yuEMarAEfHEafflpeKZvWEOoQJzDhJNw==
    -----END PUBLIC KEY-----
    """

  private static let rsaKey = """
    -----BEGIN PUBLIC KEY-----
    MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA0XyctDd7gYeAeKvmluii
    G9lS4Ily/YnKwCM4eDbsHgkdx6o6IxCXNlWwxWgr5vGYr3mVF1mWZ0VN3xX1iODz
    z77hyShpsWx4Zl9U2rwQmEjrDBVreedbho2TEEGk981Bo48UVAg9NVF5iA12d4Ab
    LWb5IRrbkRazAay2DSYw5neih8hWeGRsxQjR0LW+fWSxljdRUoDOgxBZAKA9zWr5
    cjLnEc5q5LkC59x6pZffVQB/fSe/6/PRRNxO0SShe1zz6zuNbORqevaLoWo0yrfM
    2FeYXceZKkwp33Ex9OmN7fubv8/xYySTPo7GVxL3VOi2zKVsIpnknHeHqSDdBY2c
    bwIDAQAB
    -----END PUBLIC KEY-----
    """

  /// On secp256k1, which has 256 bits, too.
  static let otherCurve = """
    -----BEGIN PUBLIC KEY-----
    MFYwEAYHKoZIzj0CAQYFK4EEAAoDQgAEqdGT5vvpDCYsjRJ0o25tCwqmrUO+WeWo
    iyQecqknqN5ji2w1yzLIGrGcCNwu9LVv6JH2j5W9tnn2aJfQFxwxRg==
    -----END PUBLIC KEY-----
    """

  /// 1024 bits.
  static let shortRSA = """
    -----BEGIN PUBLIC KEY-----
    MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDTFgvYEA3CPp0wKccndGfzSfB8
    i2GYEWYMx2c60lSFmKjH+Z4HNoVvd1NSSwPoAHbaUuRFoWwKhnBxiLneU7Vy9tpd
    pAxIqUkSVve1c89r6E8Myhk/7F5auDdmvGCHmPmRM08F/sS7Bub/fjDk5iw3Xc3J
    8N6W5HcOyOAZ8w7UbQIDAQAB
    -----END PUBLIC KEY-----
    """
}
