package sample

// words make titles and the names of artists; three of them carry apostrophes.
func words() []string {
	return []string{
		"Amber", "Anchor", "Arcade", "Atlas", "Autumn", "Ballad", "Beacon", "Birch", "Blossom",
		"Bridge", "Canyon", "Caravan", "Carousel", "Cedar", "Chandelier",
		"Cinder", "Compass", "Copper", "Coral", "Cottage", "Crimson", "Daybreak", "Delta", "Desert",
		"Dreamer", "Echo", "Ember", "Engine", "Falcon", "Feather",
		"Fever", "Firefly", "Forest", "Fortune", "Fountain", "Gallery", "Glacier", "Harbor",
		"Harvest", "Horizon", "Indigo", "Island", "Ivory", "Juniper", "Kaleidoscope",
		"Lantern", "Lavender", "Lighthouse", "Lullaby", "Magnet", "Maple", "Marigold", "Meadow",
		"Meridian", "Monsoon", "Nectar", "Neon", "Northern", "Oasis", "Orbit",
		"Orchard", "Paradise", "Parade", "Pepper", "Phantom", "Pilot", "Pioneer", "Prairie",
		"Promise", "Quartz", "Ribbon", "Riddle", "Rocket", "Saffron", "Sailor",
		"Satellite", "Scarlet", "Signal", "Skyline", "Sparrow", "Static", "Sunday", "Tangerine",
		"Telegraph", "Tempest", "Tiger", "Tomorrow", "Twilight", "Vagabond", "Violet",
		"Voyager", "Whisper", "Wildflower", "Willow", "Winter", "Zephyr", "Can't", "Nobody's", "We're",
	}
}

// foreign words are outside ASCII, one of them outside the Basic Multilingual Plane.
func foreign() []string {
	return []string{
		"Corazón", "Größe", "Été", "Señorita", "Über", "Čas", "夜", "Любовь", "Naïve", "Déjà",
		"Mañana", "Ångström", "Þrá", "Ελπίδα", "🎵",
	}
}

// connectives join two words.
func connectives() []string {
	return []string{" ", " ", " ", " ", " of ", " & ", " in the ", " and ", "-", " / "}
}

// strangers are artists without a song in song_data: their names are made of
// words that no known artist has.
func strangers() (first, last []string) {
	return []string{
			"Ada", "Bruno", "Celeste", "Dario", "Edda", "Fabian", "Greta", "Hugo", "Ines", "Jonas",
			"Kira", "Leopold", "Mira", "Nils", "Olga", "Pavel", "Quentin", "Rosa", "Stellan", "Thea",
			"Ulrik", "Vera", "Wanda", "Xaver", "Yara", "Zoltan",
		},
		[]string{
			"Abernathy", "Bergström", "Castellano", "D'Amico", "Eastwick", "Fairbairn", "Grünwald",
			"Hollister", "Ibarra", "Jankowski", "Kestrel", "Lindqvist", "Montague", "Nightingale",
			"O'Rourke", "Pemberton", "Quill", "Ravensworth", "Solberg", "Thackeray", "Underhill",
			"Vandermeer", "Whitlock", "Yearwood", "Zimmer",
		}
}

// givenName is a first name with the sex that most of its bearers have.
type givenName struct {
	name   string
	sex    string // F, M
	shared bool   // borne by both
}

func givenNames() []givenName {
	var names []givenName
	for _, name := range []string{
		"Abigail", "Adelyn", "Aleena", "Amelia", "Anna", "Ava", "Bella", "Cecilia", "Charlotte",
		"Chloe", "Clara", "Daisy", "Elena", "Ella", "Emily", "Emma", "Eva", "Evelyn", "Grace",
		"Hannah", "Hazel", "Isabella", "Ivy", "Jacqueline", "Jasmine", "Julia", "Kate", "Katherine",
		"Kaylee", "Layla", "Lily", "Lucy", "Maia", "Mary", "Maya", "Mia", "Naomi", "Nora", "Olivia",
		"Penelope", "Rose", "Ruby", "Sara", "Sophia", "Stella", "Sylvie", "Tegan", "Victoria",
		"Violet", "Zoe",
	} {
		names = append(names, givenName{name: name, sex: "F"})
	}
	for _, name := range []string{
		"Aaron", "Adam", "Aiden", "Alexander", "Andrew", "Benjamin", "Bronson", "Caleb", "Charles",
		"Daniel", "David", "Dominick", "Dylan", "Elijah", "Ethan", "Gabriel", "George", "Henry",
		"Isaac", "Ivan", "Jack", "Jacob", "James", "John", "Joseph", "Joshua", "Leo", "Liam",
		"Lucas", "Martin", "Matthew", "Michael", "Mohammad", "Morris", "Nathan", "Noah", "Oliver",
		"Owen", "Peter", "Rylan", "Samuel", "Sebastian", "Stefan", "Theodore", "Thomas", "Walter",
		"William", "Wyatt", "Xavier", "Zachary",
	} {
		names = append(names, givenName{name: name, sex: "M"})
	}
	for i, name := range []string{"Avery", "Cameron", "Hayden", "Jordan", "Morgan", "Riley", "Ryan", "Taylor"} {
		names = append(names, givenName{name: name, sex: []string{"F", "M"}[i%2], shared: true})
	}
	return names
}

// abroad are first names that no list of United States births holds, because
// those are written in ASCII.
func abroad() []givenName {
	return []givenName{
		{name: "Zoé", sex: "F"}, {name: "José", sex: "M"}, {name: "Léa", sex: "F"},
		{name: "Jürgen", sex: "M"},
	}
}

func familyNames() []string {
	return []string{
		"Adams", "Baker", "Benjamin", "Brock", "Campbell", "Cuevas", "Diaz", "Ellis", "Foster",
		"Frye", "Garcia", "Gilmore", "Gonzalez", "Graves", "Griffin", "Harrell", "Hess", "Johnson",
		"Jones", "Kirby", "Klein", "Koch", "Levine", "Lynch", "Martinez", "Moreno", "Müller",
		"Núñez", "O'Neil", "Owens", "Parker", "Ramirez", "Reed", "Robinson", "Rodriguez", "Smith",
		"Summers", "Thompson", "Valdez", "Wise", "Young",
	}
}

// cities are United States metropolitan areas as the events name them.
func cities() []string {
	return []string{
		"San Francisco-Oakland-Hayward, CA", "Phoenix-Mesa-Scottsdale, AZ",
		"Portland-South Portland, ME", "Lansing-East Lansing, MI", "Waterloo-Cedar Falls, IA",
		"Chicago-Naperville-Elgin, IL-IN-WI", "Lake Havasu City-Kingman, AZ",
		"Atlanta-Sandy Springs-Roswell, GA", "New York-Newark-Jersey City, NY-NJ-PA",
		"Tampa-St. Petersburg-Clearwater, FL", "Janesville-Beloit, WI", "Red Bluff, CA",
		"Winston-Salem, NC", "San Jose-Sunnyvale-Santa Clara, CA", "Birmingham-Hoover, AL",
		"Marinette, WI-MI", "Augusta-Richmond County, GA-SC",
		"Houston-The Woodlands-Sugar Land, TX", "Dallas-Fort Worth-Arlington, TX",
		"Sacramento--Roseville--Arden-Arcade, CA", "Eureka-Arcata-Fortuna, CA",
		"La Crosse-Onalaska, WI-MN", "Yuba City, CA", "Detroit-Warren-Dearborn, MI",
		"Cedar Rapids, IA", "San Antonio-New Braunfels, TX",
		"Minneapolis-St. Paul-Bloomington, MN-WI", "Seattle-Tacoma-Bellevue, WA",
		"Denver-Aurora-Lakewood, CO",
	}
}

// homes are where artists come from, in the free text of the song files.
func homes() []string {
	return []string{
		"London, England", "New York, NY", "Brooklyn, NY", "Los Angeles, CA", "Chicago, IL",
		"Detroit, MI", "Berlin, Germany", "Paris, France", "Toronto, Ontario, Canada", "SWEDEN",
		"Rio de Janeiro", "Great Britain / UK", "Goldsmith's College, Lewisham, Lo",
		"Reykjavík, Iceland", "California - LA", " Memphis, TN ", "United States",
	}
}

// browsers are user agents; real logs put quotes around most of them.
func browsers() []string {
	return []string{
		`"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_9_4) AppleWebKit/537.36 (KHTML, like Gecko) ` +
			`Chrome/36.0.1985.143 Safari/537.36"`,
		`"Mozilla/5.0 (Windows NT 6.1; WOW64) AppleWebKit/537.36 (KHTML, like Gecko) ` +
			`Chrome/36.0.1985.125 Safari/537.36"`,
		`"Mozilla/5.0 (iPhone; CPU iPhone OS 7_1_2 like Mac OS X) AppleWebKit/537.51.2 (KHTML, ` +
			`like Gecko) Version/7.0 Mobile/11D257 Safari/9537.53"`,
		`"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Ubuntu ` +
			`Chromium/36.0.1985.125 Chrome/36.0.1985.125 Safari/537.36"`,
		`Mozilla/5.0 (Windows NT 6.1; WOW64; rv:31.0) Gecko/20100101 Firefox/31.0`,
		`Mozilla/5.0 (Macintosh; Intel Mac OS X 10.9; rv:31.0) Gecko/20100101 Firefox/31.0`,
		`Mozilla/5.0 (compatible; MSIE 10.0; Windows NT 6.2; WOW64; Trident/6.0)`,
	}
}
