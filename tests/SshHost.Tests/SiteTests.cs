using System.Text.Json;

namespace Keyhole.SshHost.Tests;

/// <summary>A host that is resources of two sites of one organisation: each has its own connectors and its own table.</summary>
public class SiteTests
{
    private const string Lineage = Tables.Lineage;
    private static readonly string s_acme = new('a', 32);
    private static readonly DateTimeOffset s_now = new(2031, 5, 6, 7, 8, 9, TimeSpan.Zero);

    /// <summary>Named for the site of each.</summary>
    private static readonly Speaker s_a1 = new("a1", IsHere: false), s_a2 = new("a2", IsHere: false), s_b1 = new("b1", IsHere: false), s_b2 = new("b2", IsHere: false);

    private HostState _state = new();

    [Fact]
    [Trait("Promise", "B12")]
    [Trait("Threat", "35")]
    public void The_second_site_comes_by_the_word_of_root_and_takes_nothing_from_the_first()
    {
        Say(s_a1, A(7, 10));
        Forbidden(s_b1, B(8, 11));
        Admit();
        // Who is known already leaves the place to who is not.
        Say(s_a1, A(7, 12));
        Say(s_a2, A(7, 12));
        Say(s_b1, B(8, 11));
        Say(s_b2, B(8, 11));
        Say(s_a2, A(7, 13));
        Assert.Equal([7, 8], _state.Resources.Select(resource => resource.Resource));
        Forbidden(new Speaker("other", IsHere: false), B(9, 14));

        // Of the other's resources neither says anything, whatever it calls them.
        foreach (var row in new[] { A(7, 20), A(7, 20) with { Site = 2 }, A(9, 20), Withdrawn(A(7, 20)), Withdrawn(A(7, 20)) with { Site = 2 } })
            Forbidden(s_b1, row);
        Assert.Throws<AuthDaemonException>(() => SpeakerCheck.CheckOrder(_state, s_acme, 7, s_b1));
        Assert.True(SpeakerCheck.CheckOrder(_state, s_acme, 8, s_b1));
        Assert.True(SpeakerCheck.CheckOrder(_state, s_acme, 7, s_a1));
    }

    [Fact]
    [Trait("Promise", "B12")]
    [Trait("Threat", "35")]
    public void Who_is_no_connector_of_a_site_any_more_has_no_say_and_neither_has_a_site_without_a_resource()
    {
        MeetBoth();
        Say(s_a1, A(7, 20) with { Connectors = ["a1"] });
        Forbidden(s_a2, A(7, 20));
        Say(s_b2, B(8, 20));

        // What is said when a resource goes was written when it came.
        Say(s_a1, A(9, 21) with { Connectors = ["a1"] });
        Say(s_a1, Withdrawn(A(9, 22)));
        Forbidden(s_a2, A(7, 23));
        Say(s_a1, Withdrawn(A(7, 24)));
        Forbidden(s_a1, A(7, 25));
        Assert.Equal(2, Assert.Single(Assert.Single(_state.Known).Sites).Site);

        // The last one that had a resource stays.
        Say(s_b1, Withdrawn(B(8, 26)));
        Forbidden(s_a1, A(7, 27));
        Outdated(s_b1, B(8, 25));
        Say(s_b1, B(8, 27));
    }

    [Fact]
    [Trait("Promise", "B12")]
    [Trait("Threat", "34")]
    public void What_is_outdated_is_known_by_the_table_of_its_own_site()
    {
        MeetBoth();
        // The table of a site that nothing changed keeps its revision while the other's goes on.
        Say(s_b1, B(8, 30));
        Say(s_a1, A(7, 20) with { Users = [6] });
        Outdated(s_a1, A(7, 19));
        Outdated(s_a1, A(9, 19));
        Outdated(s_b2, B(8, 29));
        Say(s_a1, Withdrawn(A(9, 21)));
        Outdated(s_a2, A(9, 20));

        // Control was restored: with the first word of one site the history of both is over.
        string restored = new('b', 32);
        Say(s_b1, B(8, 2, restored));
        Outdated(s_a1, A(7, 1_000));
        Outdated(s_a1, A(7, 1_000, ""));
        Say(s_a1, A(7, 1, restored));
        Outdated(s_b1, B(8, 1, restored));

        // Root takes a history that was put back by other means.
        Admit();
        Say(s_a1, A(7, 3));
    }

    [Fact]
    [Trait("Promise", "B5")]
    [Trait("Threat", "34")]
    public void The_keys_that_are_trusted_are_those_of_the_newest_table_of_any_site()
    {
        MeetBoth();
        Say(s_b1, B(8, 20) with { Trusted = ["new"] });
        Assert.Equal(["new"], _state.TrustedOf(s_acme));
        Say(s_a1, A(7, 19) with { Trusted = ["old"] });
        Assert.Equal(["new"], _state.TrustedOf(s_acme));
        // What takes a resource away names none: those of an older table are still the newest.
        Say(s_a1, A(9, 21) with { Trusted = ["new", "newer"] });
        Say(s_b1, Withdrawn(B(10, 40)));
        Assert.Equal(["new", "newer"], _state.TrustedOf(s_acme));
        Say(s_a1, A(7, 30) with { Trusted = ["newer"] });
        Assert.Equal(["newer"], _state.TrustedOf(s_acme));
    }

    [Fact]
    [Trait("Threat", "35")]
    public void A_resource_goes_to_another_site_when_the_first_has_withdrawn_it_or_root_says_so_and_a_connector_takes_its_own_with_it()
    {
        MeetBoth();
        Say(s_a1, A(9, 20));
        Forbidden(s_b1, B(7, 30));
        Say(s_a1, Withdrawn(A(7, 30)));
        Say(s_b1, B(7, 30));
        // All connectors of the first are gone.
        Forbidden(s_b1, B(9, 31));
        Admit();
        Say(s_b1, B(9, 31));
        Assert.All(_state.Resources, resource => Assert.Equal(2, resource.Site));
        Forbidden(s_a1, A(9, 32));
        // The connectors of a site were moved with all that it had.
        foreach (int resource in new[] { 7, 8, 9 })
            Say(s_b2, B(resource, 40) with { Site = 3 });
        Assert.Equal(3, Assert.Single(Assert.Single(_state.Known).Sites).Site);
    }

    [Fact]
    [Trait("Threat", "35")]
    public void The_place_that_root_opens_closes_with_the_first_that_comes_and_after_an_hour()
    {
        Say(s_a1, A(7, 10));
        Admit();
        Assert.Throws<AuthDaemonException>(() => SpeakerCheck.CheckRow(_state, B(8, 11), s_b1, s_now.AddHours(1)));
        Forbidden(s_b1, Withdrawn(B(8, 11)));
        Say(s_b1, B(8, 11));
        Forbidden(new Speaker("c1", IsHere: false), B(9, 12) with { Site = 3 });
        Assert.Null(Assert.Single(_state.Known).OpenUntil);
    }

    [Fact]
    [Trait("Threat", "38")]
    public void A_state_from_when_a_host_had_one_site_is_read_and_its_connectors_name_their_site()
    {
        const string Former = """
            {"version":1,"resources":[{"authority":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","resource":7,"organisation":"acme","trusted":["key"],"users":[5],"revoked":[],"hostCertificates":[],"slot":0}],
            "accounts":[],"known":[{"authority":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","connectors":["a1","a2"],"version":{"lineage":"0123456789abcdef0123456789abcdef","revision":10},"retired":[],"trusted":["key"]}]}
            """;
        _state = JsonSerializer.Deserialize(Former, SshHostJson.Default.HostState)!;
        Outdated(s_a2, A(7, 9));
        Forbidden(s_b1, B(8, 11));
        Say(s_a2, A(7, 11));
        string written = JsonSerializer.Serialize(_state, SshHostJson.Default.HostState);
        _state = JsonSerializer.Deserialize(written, SshHostJson.Default.HostState)!;
        var site = Assert.Single(Assert.Single(_state.Known).Sites);
        Assert.Equal((1, new RowVersion(Lineage, 11)), (site.Site, site.Version));
        Assert.Equal(["a1", "a2"], site.Connectors);
        Assert.Equal(written, JsonSerializer.Serialize(_state, SshHostJson.Default.HostState));
    }

    private static HostedResource A(int resource, long revision, string lineage = Lineage) => Row(1, resource, revision, lineage, ["a1", "a2"]);

    private static HostedResource B(int resource, long revision, string lineage = Lineage) => Row(2, resource, revision, lineage, ["b1", "b2"]);

    private static HostedResource Row(int site, int resource, long revision, string lineage, string[] connectors) =>
        new(s_acme, resource, "acme", ["key"], [5], [], []) { Site = site, Connectors = connectors, Version = new RowVersion(lineage, revision) };

    private static HostedResource Withdrawn(HostedResource row) => row with { Trusted = [], Users = [] };

    private void MeetBoth()
    {
        Say(s_a1, A(7, 10));
        Admit();
        Say(s_b1, B(8, 10));
    }

    private void Say(Speaker speaker, HostedResource row)
    {
        bool isMet = SpeakerCheck.CheckRow(_state, row, speaker, s_now);
        Assert.False(_state.IsOutdated(row));
        _state = _state.After(row, speaker.Connector, isMet);
    }

    private void Forbidden(Speaker speaker, HostedResource row) =>
        Assert.Equal(AuthDaemonFault.Forbidden, Assert.Throws<AuthDaemonException>(() => SpeakerCheck.CheckRow(_state, row, speaker, s_now)).Fault);

    private void Outdated(Speaker speaker, HostedResource row)
    {
        SpeakerCheck.CheckRow(_state, row, speaker, s_now);
        Assert.True(_state.IsOutdated(row));
    }

    private void Admit() => _state = _state.With((_state.FindAuthority(s_acme) ?? new KnownAuthority(s_acme)).Admitted(s_now.AddHours(1)));
}
