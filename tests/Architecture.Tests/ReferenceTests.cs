namespace Keyhole.Architecture.Tests;

/// <summary>The arrows of the house: who may see whom (docs/design.md, "The house").</summary>
public class ReferenceTests
{
    private static readonly Dictionary<string, string[]> Allowed = new(StringComparer.Ordinal)
    {
        ["Packets"] = [],
        ["Cryptography"] = [],
        ["Contracts"] = [],
        ["WireGuard"] = ["Packets", "Cryptography"],
        ["NetStack"] = ["Packets"],
        ["Net"] = ["Packets"],
        ["Tunnel"] = ["Packets", "Cryptography", "WireGuard", "NetStack", "Contracts"],
        ["Agent"] = ["Contracts", "Cryptography"],
        ["Relay"] = ["Tunnel", "Net", "Agent"],
        ["Proxy"] = ["NetStack", "Net"],
        ["Edge"] = ["Tunnel", "Net", "Agent"],
        ["Connector"] = ["Tunnel", "Net", "Agent", "Proxy", "Edge", "SshHost"],
        ["Client"] = ["Tunnel", "Net", "Agent", "Proxy", "Edge", "Ssh", "SshHost"],
        ["Ssh"] = ["Cryptography"],
        ["SshHost"] = ["Ssh", "Agent"],
        ["Control"] = ["Contracts", "Cryptography", "Ssh"],
    };

    private static readonly string[] Pure = ["Packets", "WireGuard", "NetStack", "Tunnel", "Contracts"];

    [Fact]
    public void Every_project_has_its_place_in_the_house() =>
        Assert.Equal(Allowed.Keys.Order(StringComparer.Ordinal), Repository.Projects.Keys.Order(StringComparer.Ordinal));

    [Fact]
    public void Project_references_follow_the_arrows()
    {
        foreach (var (name, project) in Repository.Projects)
        {
            var references = project.Descendants("ProjectReference").Select(element => Path.GetFileNameWithoutExtension((string)element.Attribute("Include")!));
            Assert.Empty(references.Except(Allowed[name], StringComparer.Ordinal).Select(reference => $"{name} -> {reference}"));
        }
    }

    [Fact]
    public void Unsafe_code_is_allowed_only_where_the_kernel_and_the_ciphers_are()
    {
        var allowing = Repository.Projects.Where(pair => pair.Value.Descendants("AllowUnsafeBlocks").Any(element => element.Value == "true")).Select(pair => pair.Key);
        Assert.Equal(["Cryptography", "Net"], allowing.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Pure_projects_take_no_package_and_hold_no_native_import()
    {
        foreach (string name in Pure)
        {
            Assert.Empty(Repository.Projects[name].Descendants("PackageReference").Select(element => $"{name}: {element.Attribute("Include")}"));
            foreach (string file in Repository.SourceFiles(Path.Combine("src", name)))
                Assert.DoesNotMatch(@"\[(LibraryImport|DllImport)\b", File.ReadAllText(file));
        }
    }

    [Fact]
    public void Pure_projects_are_fenced_by_the_banned_symbols()
    {
        string properties = File.ReadAllText(Path.Combine(Repository.Root, "Directory.Build.props"));
        string fence = properties.Split("<PureProject ")[1].Split("</PureProject>")[0];
        foreach (string name in Pure)
            Assert.Contains($"'{name}'", fence, StringComparison.Ordinal);
    }

    [Fact]
    public void Only_Cryptography_names_a_crypto_library_in_the_data_plane()
    {
        foreach (string file in Repository.SourceFiles("src/Packets", "src/WireGuard", "src/NetStack", "src/Tunnel", "src/Net"))
            Assert.DoesNotContain("System.Security.Cryptography", File.ReadAllText(file), StringComparison.Ordinal);
    }
}
