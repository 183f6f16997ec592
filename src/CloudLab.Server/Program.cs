using CloudLab.Server.Cli;
using Spectre.Console;

return await CommandLine.RunAsync(args, Environment.GetEnvironmentVariable, AnsiConsole.Console, Console.Error);
