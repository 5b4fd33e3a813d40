import { describe, expect, test } from "vitest";
import { kubernetesEnvironment } from "./environment.ts";

// Source of most cases: the examples and tests of k8s.io/apiserver/pkg/cel/library and cel-go/ext.
describe("expressions that hold", () => {
  test.each([
    `"tacocat".charAt(3) == "o" && "tacocat".charAt(7) == ""`,
    `"hello hello".replace("he", "we") == "wello wello"`,
    `"hello hello".replace("he", "we", 1) == "wello hello"`,
    `"abc".replace("", "_") == "_a_b_c_"`,
    `["a", "b"].join("-") == "a-b" && "a,b".split(",").size() == 2`,
    `"this is a string: %s, and an int: %d".format(["str", 42]) == "this is a string: str, and an int: 42"`,
    `"%.2f %e %b %x %X %%".format([1.5, 1000.0, 5, 255, 255]) == "1.50 1.000000e+03 101 ff FF %"`,
    `"%s".format([[1, 2]]) == "[1, 2]"`,
    `strings.quote("a\\"b") == "\\"a\\\\\\"b\\""`,
    `"abc 123".find("[0-9]+") == "123" && "none".find("[0-9]+") == ""`,
    `"123 abc 456".findAll("[0-9]+") == ["123", "456"] && "1 2 3".findAll("[0-9]", 2).size() == 2`,
    `url("https://example.com:80/a?x=1&x=2").getHost() == "example.com:80"`,
    `url("https://example.com/path?k1=a&k2=b&k2=c").getQuery()["k2"] == ["b", "c"]`,
    `url("/path").getScheme() == "" && url("https://[::1]:80/").getHostname() == "::1"`,
    `isURL("https://a:80/") && isURL("/p") && !isURL("https://a:b/") && !isURL("../p")`,
    `[1, 2, 2].isSorted() && !["b", "a"].isSorted() && [1, 3].sum() == 4 && [1.5, 2.0].sum() == 3.5`,
    `[3, 1, 2].min() == 1 && ["a", "c", "b"].max() == "c"`,
    `[1, 2, 2].indexOf(2) == 1 && [1, 2, 2].lastIndexOf(2) == 2 && ["a"].indexOf("b") == -1`,
    `[duration("1s"), duration("2s")].sum() == duration("3s")`,
    `sets.contains([1, 2, 3], [2]) && !sets.contains([1], [2]) && sets.equivalent([1, 1], [1])`,
    `sets.intersects([1], [1, 2]) && !sets.intersects([], [1])`,
    `[1, 2].all(i, v, v == i + 1) && {"a": 1}.exists(k, v, k == "a" && v == 1)`,
    `[1, 1].existsOne(i, v, i == 1) && [5, 6].transformList(i, v, i > 0, v) == [6]`,
    `[1, 2].transformMap(i, v, v * 2)[1] == 4 && {"a": 1}.transformMap(k, v, v + 1)["a"] == 2`,
    `{"a": "x"}.transformMapEntry(k, v, {v: k})["x"] == "a"`,
    `[[1], [2]].all(i, row, row.all(j, v, v == i + 1))`,
    `[1, 2].exists(i, v, 1 / i == 1)`,
    `quantity("200M").compareTo(quantity("0.2G")) == 0 && quantity("50M").isLessThan(quantity("50Mi"))`,
    `quantity("50k").add(20).sub(quantity("100k")).sub(-50000) == quantity("20")`,
    `quantity("50k").asInteger() == 50000 && quantity("1.5").isInteger() == false && quantity("-1m").sign() == -1`,
    `quantity("9999999999999999999999999999999999999G").isInteger() == false && quantity("1e3") == quantity("1k")`,
    `isQuantity("1.3Gi") && !isQuantity("1,3G") && !isQuantity("200K") && !isQuantity("Mi")`,
    `quantity("1500m").asApproximateFloat() == 1.5`,
    `ip("127.0.0.1").family() == 4 && ip("::1").family() == 6 && isIP("fe80::1") && !isIP("256.0.0.1")`,
    `!isIP("fe80::1%eth0") && !isIP("::ffff:1.2.3.4") && !isIP("::ffff:c0a8:1")`,
    `ip("127.0.0.1").isLoopback() && ip("::1").isLoopback() && ip("0.0.0.0").isUnspecified()`,
    `ip("169.254.1.1").isLinkLocalUnicast() && ip("fe80::1").isLinkLocalUnicast()`,
    `ip("224.0.0.1").isLinkLocalMulticast() && ip("ff02::1").isLinkLocalMulticast()`,
    `ip("8.8.8.8").isGlobalUnicast() && !ip("255.255.255.255").isGlobalUnicast()`,
    `ip("::1") == ip("0:0:0:0:0:0:0:1") && ip.isCanonical("2001:db8::abcd") && !ip.isCanonical("2001:DB8::ABCD")`,
    `ip.isCanonical("::") && ip.isCanonical("1::") && ip.isCanonical("1:0:0:2::3") && ip.isCanonical("0:0:1::")`,
    `string(ip("2001:0db8:0:0:0:0:0:1")) == "2001:db8::1" && string(ip("1:0:2:3:4:5:6:7")) == "1:0:2:3:4:5:6:7"`,
    `cidr("192.168.0.0/24").containsIP(ip("192.168.0.1")) && !cidr("192.168.0.0/24").containsIP("192.168.1.1")`,
    `cidr("10.0.0.0/8").containsCIDR("10.1.0.0/16") && !cidr("10.1.0.0/16").containsCIDR(cidr("10.0.0.0/8"))`,
    `cidr("192.168.1.5/24").masked() == cidr("192.168.1.0/24") && cidr("::1/128").prefixLength() == 128`,
    `cidr("192.168.1.5/24").ip() == ip("192.168.1.5") && isCIDR("::/0") && !isCIDR("10.0.0.0/33")`,
    `string(cidr("10.0.0.0/8")) == "10.0.0.0/8"`,
    `!format.dns1123Label().validate("my-label").hasValue() && format.dns1123Label().validate("My_").hasValue()`,
    `format.named("uuid").value().validate("x").value() == ["does not match the UUID format"]`,
    `!format.named("nope").hasValue() && !format.dns1123LabelPrefix().validate("a-").hasValue()`,
    `semver("1.2.3").major() == 1 && semver("1.0.0").isGreaterThan(semver("1.0.0-alpha"))`,
    `isSemver("1.2.3") && !isSemver("v1.2") && isSemver("v1.2", true) && semver("v01.2", true).minor() == 2`,
    `semver("1.0.0-alpha.2").compareTo(semver("1.0.0-alpha.10")) == -1 && semver("1.0.0+a") == semver("1.0.0+b")`,
    `optional.of(1).hasValue() && cel.bind(x, 2, x * x) == 4`,
  ])("%s", (expression) => {
    const parsed = kubernetesEnvironment().parse(expression);
    const checked = parsed.check();
    expect(checked.error?.message).toBeUndefined();
    expect(checked.type).toBe("bool");
    expect(parsed()).toBe(true);
  });
});

describe("expressions that fail", () => {
  test.each([
    [`quantity("200K")`, "quantities must match"],
    [`quantity("1.5").asInteger()`, "cannot convert value to integer"],
    [`ip("not an address")`, "parse error during conversion from string"],
    [`cidr("10.0.0.0")`, "parse error during conversion from string"],
    [`url("../x")`, "URL parse error"],
    [`[1].filter(x, x > 1).min()`, "min called on empty list"],
    [`"a".find("(")`, "Illegal regex"],
    [`semver("1.2")`, "is no semantic version"],
    [`"%d".format(["x"])`, "unrecognized formatting clause"],
    [`"%s%s".format(["x"])`, "index 1 out of range"],
    [`"${"x".repeat(5000)}".replace("x", "${"x".repeat(5000)}")`, "the result of replace() is too long"],
  ])("%.60s", (expression, why) => {
    expect(() => kubernetesEnvironment().evaluate(expression) as unknown).toThrow(why);
  });

  test.each([`quantity(1)`, `"a".charAt("b")`, `ip("::1").nope()`, `[1].all("i", v, true)`, `nothing`])(
    "%s does not pass the type check",
    (expression) => {
      expect(kubernetesEnvironment().check(expression).valid).toBe(false);
    },
  );
});
