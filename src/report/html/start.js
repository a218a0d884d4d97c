// Starts everything. Without the script the page can be read and printed, and has no controls that would do nothing.

document.documentElement.classList.add("script");
byId("filters").hidden = false;
startFilters();
startTimeline();
startPivots();
startCopies();
startView();
startKeys();
startAddress();
followAddress();
