using Keyhole.Agent;

namespace Keyhole.Client.Tests;

public class SshLineTests
{
    [Theory]
    [InlineData("vm-01", "vm-01")]
    [InlineData("vm-01 id", "vm-01 -- id")]
    [InlineData("vm-01 -- id -u", "vm-01 -- id -u")]
    [InlineData("vm-01 ls -l -- --data x", "vm-01 -- ls -l -- --data x")]
    [InlineData("-L 8080:localhost:80 vm-01", "-L 8080:localhost:80 vm-01")]
    [InlineData("-L8080:localhost:80 -N vm-01", "-L 8080:localhost:80 -N vm-01")]
    [InlineData("-t vm-01 top", "-t vm-01 -- top")]
    [InlineData("vm-01 -t top -d 1", "-t vm-01 -- top -d 1")]
    [InlineData("-tto ServerAliveInterval=5 vm-01 -v", "-t -t -o ServerAliveInterval=5 -v vm-01")]
    [InlineData("-- vm-01 -t top", "-t vm-01 -- top")]
    [InlineData("ada@vm-01", "vm-01")]
    [InlineData("-l ada vm-01", "-l ada vm-01")]
    [InlineData("--data /d --generate-random-password vm-01 -- --help", "vm-01 -- --help")]
    [InlineData("vm-01 --data=/d -t -- -t", "-t vm-01 -- -t")]
    [InlineData("-p 2222 fd00::1", "-p 2222 fd00::1")]
    public void A_line_is_read_as_ssh_reads_it(string line, string words) => Assert.Equal(words, string.Join(' ', SshLine.Parse(line.Split(' ')).Words(null)));

    [Fact]
    public void Own_options_user_and_port_are_found_wherever_they_stand()
    {
        var line = SshLine.Parse(["--data", "/d", "-p2222", "ada@vm-01", "--generate-random-password", "id"]);
        Assert.Equal(("/d", true, "ada", 2222), (line.Own.Directory, line.Own.IsPasswordWanted, line.User, line.Port));
        Assert.Equal("bob", SshLine.Parse(["-l", "bob", "vm-01"]).User);
        Assert.Equal((null, 22), (SshLine.Parse(["vm-01"]).User, SshLine.Parse(["vm-01"]).Port));
        Assert.True(SshLine.Parse(["-V"]).IsQuestion);
        Assert.True(SshLine.Parse(["-Q", "cipher"]).IsQuestion);
        Assert.True(SshLine.Parse(["--help"]).Own.IsHelpWanted);
        Assert.Null(SshLine.Parse([]).Target);
    }

    [Theory]
    [Trait("Threat", "33")]
    [InlineData("-oProxyCommand=id@-vm")]
    [InlineData("ada@-oProxyCommand")]
    [InlineData("vm;id")]
    [InlineData("vm$(id)")]
    [InlineData("ssh://vm-01")]
    [InlineData("vm/01")]
    [InlineData("vm:22")]
    [InlineData("ada@")]
    public void What_is_no_host_is_refused(string host) => Assert.Throws<AgentException>(() => SshLine.Parse(["--", host]));

    [Theory]
    [InlineData("-J jump vm-01")]
    [InlineData("--unknown vm-01")]
    [InlineData("--data")]
    [InlineData("vm-01 -L")]
    public void What_cannot_be_is_refused(string line) => Assert.Throws<AgentException>(() => SshLine.Parse(line.Split(' ')));

    [Theory]
    [InlineData("0")]
    [InlineData("65536")]
    [InlineData("ssh")]
    public void What_is_no_port_is_refused(string port) => Assert.Throws<AgentException>(() => SshLine.Parse(["-p", port, "vm-01"]).Port);

    /// <summary>ssh would forward the agent of the session, which holds nothing of the person's.</summary>
    [Fact]
    public void The_agent_that_is_forwarded_is_the_persons_own()
    {
        Assert.Equal(["-o", "ForwardAgent=\"/run/agent%%1\"", "vm-01"], SshLine.Parse(["-A", "vm-01"]).Words("/run/agent%1"));
        Assert.Equal(["vm-01"], SshLine.Parse(["-A", "vm-01"]).Words(null));
    }

    [Theory]
    [InlineData("vm-01:/etc/hosts .", "-- vm-01:/etc/hosts .")]
    [InlineData("-r -P 2222 notes ./a:b ada@vm-01:", "-r -P 2222 -- notes ./a:b ada@vm-01:")]
    [InlineData("--data /d -pq vm-01:a vm-01:b .", "-p -q -- vm-01:a vm-01:b .")]
    [InlineData("-- -file vm-01:", "-- -file vm-01:")]
    public void A_line_of_scp_is_read_as_scp_reads_it(string line, string words)
    {
        var read = ScpLine.Parse(line.Split(' '));
        Assert.Equal(words, string.Join(' ', read.Words(null)));
        Assert.Equal("vm-01", read.Target!.Value.Host);
    }

    [Fact]
    public void User_and_port_of_scp_are_found()
    {
        var line = ScpLine.Parse(["-P", "2222", "-l", "1000", "vm-01:a", "ada@VM-01:b", "."]);
        Assert.Equal(("ada", 2222), (line.User, line.Port));
        Assert.True(ScpLine.Parse(["--help"]).Own.IsHelpWanted);
    }

    [Theory]
    [InlineData("a b")]
    [InlineData("vm-01:a")]
    [InlineData("vm-01:a vm-02:b")]
    [InlineData("ada@vm-01:a bob@vm-01:b .")]
    [InlineData("scp://vm-01/a .")]
    [InlineData("-J jump vm-01:a .")]
    [InlineData("-- -oProxyCommand=x:a .")]
    public void What_scp_cannot_do_here_is_refused(string line) => Assert.Throws<AgentException>(() => ScpLine.Parse(line.Split(' ')));

    [Fact]
    public void Only_ssh_and_scp_have_a_command_line_of_their_own()
    {
        Assert.True(SshCommand.Claims(["ssh"]));
        Assert.True(SshCommand.Claims(["ssh", "vm-01", "sign"]));
        Assert.True(SshCommand.Claims(["scp", "sign"]));
        Assert.False(SshCommand.Claims(["ssh", "sign", "vm-01"]));
        Assert.False(SshCommand.Claims(["ssh", "proxy", "vm-01", "22"]));
        Assert.False(SshCommand.Claims(["ssh", "setup"]));
        Assert.False(SshCommand.Claims(["status"]));
        Assert.False(SshCommand.Claims([]));
    }
}
