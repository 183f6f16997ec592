using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace CloudLab.Server.Cli;

/// <summary>The help, and after the root's own what people mostly want to do.</summary>
internal sealed class HelpWithExamples(HelpAction help) : SynchronousCommandLineAction
{
    private const string Examples = """
        Examples:
          CloudLab.Server                                        start; data under your home, http://127.0.0.1:8080
          CloudLab.Server --data-dir /srv/cloudlab               start with another data directory
          CloudLab.Server --urls http://0.0.0.0:8080 --insecure-http
                                                                 let other machines in, without encryption
          CloudLab.Server --urls https://0.0.0.0:8443 --self-signed
                                                                 the same, encrypted, with a certificate of its own making
          CloudLab.Server --database 'Host=db;Database=cloudlab;Username=cloudlab' --database-password-file FILE
                                                                 keep the rows in PostgreSQL
          CloudLab.Server images build                           build the guest image ahead of the first start
          CloudLab.Server backup cloudlab.tar                    back everything up, while the server runs or not
          CloudLab.Server account create team-a                  make an account; also beside a running server
          CloudLab.Server token create --account team-a --role viewer --expires 30d
          CloudLab.Server access-key create --account team-a     make a key for S3 clients
          CloudLab.Server machine run kernel.elf --stats         run a kernel of your own, without a server
          CloudLab.Server healthcheck                            exit 0 when the server answers

        Every option can also come from the environment (--data-dir is CLOUDLAB_DATA_DIR) or from cloudlab.json in the
        data directory ("insecureHttp": true). Flags win over the environment, the environment over the file.
        """;

    // Who asks for help on a verb does not give its arguments.
    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult)
    {
        int code = help.Invoke(parseResult);
        if (parseResult.CommandResult.Command is RootCommand) parseResult.InvocationConfiguration.Output.WriteLine(Examples);
        return code;
    }
}
