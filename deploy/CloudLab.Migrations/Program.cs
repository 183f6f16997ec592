// dotnet-ef wants an executable; see the project file.
return 1;
